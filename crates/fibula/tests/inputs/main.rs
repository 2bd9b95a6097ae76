//! Where input comes from: git revisions, overlays, clusters that run, dumps. The program is run as
//! one would, in a folder of its own.

mod docs;
mod dump;
mod git;
mod kube;
mod overlay;
mod plugin;
mod stage;
mod standin;
