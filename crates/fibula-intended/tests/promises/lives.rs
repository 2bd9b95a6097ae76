//! Whatever is shown as breaking a promise was followed, and ends as it is said to.

use fibula_answers::promises::{Breach, By, Outcome};
use fibula_answers::reach::At;
use fibula_network::walk::{Life, Step, branches};
use fibula_network::{Kind, Port};

use crate::Scene;
use crate::brute::arrived;

pub(crate) fn are_as_said(scene: &Scene, outcome: &Outcome) -> Result<(), String> {
    let Outcome::Broken(breaches) = outcome else { return Ok(()) };
    if breaches.is_empty() {
        return Err("it is broken by nothing".to_owned());
    }
    for breach in breaches {
        one(scene, breach)?;
    }
    Ok(())
}

fn one(scene: &Scene, breach: &Breach) -> Result<(), String> {
    let network = &scene.network;
    let Some(witness) = &breach.witness else {
        // What is closed to the world needs none, nor what has no name or no address there.
        // Nor what a load balancer will open that has no address yet (SVC-24).
        let door = matches!(&breach.by, By::Door(door) if door.at == At::Awaited);
        return if breach.open && !door
            || matches!(breach.by, By::Service(..)) && !breach.from.is_empty()
        {
            match breach.open {
                true => Err(format!("nothing shows {breach:?}")),
                false => Ok(()),
            }
        } else {
            Ok(())
        };
    };
    let life = &witness.branch.life;
    let Some(Step::Send { from, header, .. }) = life.steps.first().copied() else {
        return Err("a life begins with a message".to_owned());
    };
    let all = branches(network, from, header, &witness.choices, 4096).lives;
    let is = |other: &Life| other.steps == life.steps && other.ending == life.ending;
    if !all.iter().any(is) {
        return Err(format!("walk does not know {life:?}"));
    }
    if arrived(life) != breach.open {
        return Err(format!("it ends otherwise: {life:?}"));
    }
    // What depends on nothing is so whatever one chooses.
    if breach.open && breach.choices.is_empty() {
        for (at, choice) in network.choices.iter().enumerate() {
            for value in 0..choice.values {
                let mut other = witness.choices.clone();
                other[at] = value;
                let lives = branches(network, from, header, &other, 4096).lives;
                if !lives.iter().any(arrived) {
                    return Err(format!("it depends on {}: {breach:?}", choice.id));
                }
            }
        }
    }
    let port = Port { proto: header.proto, number: header.dport };
    if matches!(breach.by, By::Address) && !breach.ports.has(port.proto, port.number) {
        return Err(format!("{port} is none of {:?}", breach.ports));
    }
    if network.kind(from) == Kind::World && !matches!(breach.by, By::Door(_)) {
        return Err("the world comes in by a way in".to_owned());
    }
    Ok(())
}
