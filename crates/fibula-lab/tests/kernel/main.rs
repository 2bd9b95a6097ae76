//! The kernel half of the lab, on this machine's kernel: plans by hand, and what becomes of
//! messages in them. Where the kernel lets nobody make namespaces, every test says so and passes.

mod around;
mod measure;
mod plans;
mod probes;

use fibula_lab::kernel::{Ground, Lab};
use fibula_lab::plan::Plan;
use libtest_mimic::{Arguments, Failed, Trial};

/// What the tests stand on.
static GROUND: std::sync::OnceLock<Result<Ground, String>> = std::sync::OnceLock::new();

type Test = (&'static str, fn() -> Result<(), Failed>);

fn main() {
    // Before there is a second thread.
    let ground = GROUND.get_or_init(|| Ground::enter().map_err(|error| error.to_string()));
    if std::env::var_os(around::HOLD).is_some() {
        return around::hold();
    }
    let trials = [probes::TESTS, around::TESTS].concat().into_iter().map(|(name, test)| {
        let ground = ground.as_ref().err();
        Trial::test(name, move || match ground {
            Some(why) => {
                skip(name, why);
                Ok(())
            }
            None => test(),
        })
    });
    let measured = Trial::test("measure", measure::measure).with_ignored_flag(true);
    let trials = trials.chain([measured]).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

#[allow(clippy::print_stderr)]
fn skip(name: &str, why: &str) {
    eprintln!("{name} skipped: {why}");
}

/// A lab, or none if the test is skipped.
fn lab(name: &str, plan: &Plan) -> Result<Option<Lab>, Failed> {
    let Some(Ok(ground)) = GROUND.get() else { return Ok(None) };
    match Lab::up(ground, plan) {
        Ok(lab) => Ok(Some(lab)),
        Err(error) if error.to_string().contains("install the package nftables") => {
            skip(name, &error.to_string());
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
