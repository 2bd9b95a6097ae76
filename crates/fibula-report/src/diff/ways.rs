//! Ways in, in words.

use fibula_answers::diff::Doorway;
use fibula_answers::reach::{At, By};
use fibula_network::Proto;

use crate::page::Text;
use crate::reach::names::Names;
use crate::reach::rows::stands;
use crate::style::Label;

/// How many Nodes are named.
const MOST_NAMED: usize = 3;

/// Who of the world and of the pods, and whom they reach.
pub(super) fn door(names: &Names<'_, '_>, door: &Doorway, callers: &str) -> Text {
    let proto = if door.proto == Proto::Tcp { String::new() } else { format!("/{}", door.proto) };
    let world = (!door.from.is_empty()).then(|| names.world(&door.from));
    let callers = (!callers.is_empty()).then(|| callers.to_owned());
    let from: Vec<String> = world.into_iter().chain(callers).collect();
    let mut text = Text::from(format!("{} → ", from.join(", ")));
    for (i, (id, port)) in door.to.iter().enumerate() {
        let between = if i > 0 { ", " } else { "" };
        text = text
            .plain(format!("{between}{}", names.one(*id)))
            .with(Label::Command, format!(":{port}{proto}"));
    }
    text
}

/// By which way.
pub(super) fn way(names: &Names<'_, '_>, door: &Doorway) -> String {
    let port = format!(":{}", door.port);
    let mut text = match &door.by {
        By::Service(path) => format!("by svc/{}", names.service(path)),
        By::HostPort => "by a hostPort".to_owned(),
    };
    text.push_str(&match &door.at {
        At::Awaited => format!("{port}, once its load balancer has an address (SVC-24)"),
        at => format!(" at {}", stands(at, &port, MOST_NAMED)),
    });
    if let Some(was) = &door.moved {
        text.push_str(&format!(", and was at {}", stands(was, &port, MOST_NAMED)));
    }
    if let Some(stays) = &door.stays {
        text.push_str(&format!(" (stays at {})", stands(stays, "", MOST_NAMED)));
    }
    text
}
