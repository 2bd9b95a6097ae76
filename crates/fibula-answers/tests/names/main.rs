//! Names become what DNS gives to who asks for them, or a workload: each statement by its id.

mod asking;
mod records;
mod shop;
