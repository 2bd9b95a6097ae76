//! A plan as text: the commands that a person would type for it.

use std::fmt::{self, Display, Formatter};

use super::{End, Plan, Route, Space, SpaceId, Sysctl, Via};

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (spaces, wires) = (self.spaces.len(), self.wires.len());
        writeln!(f, "{spaces} network namespaces, {wires} wires between them")?;
        if !self.sysctls.is_empty() {
            writeln!(f, "\nin each of them")?;
            settings(&self.sysctls, f)?;
        }
        let mut ends: Vec<Vec<_>> = vec![Vec::new(); spaces];
        for wire in &self.wires {
            let [a, b] = &wire.ends;
            for (here, there) in [(a, b), (b, a)] {
                if let Some(ends) = ends.get_mut(here.space.index()) {
                    ends.push((here, there));
                }
            }
        }
        for (space, ends) in self.spaces.iter().zip(ends) {
            writeln!(f)?;
            self.space_with(space, &ends, f)?;
        }
        Ok(())
    }
}

/// One namespace of a plan as text.
struct Alone<'a>(&'a Plan, SpaceId);

impl Display for Alone<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Alone(plan, id) = self;
        let ends: Vec<_> = plan.ends(*id).collect();
        plan.space_with(plan.space(*id), &ends, f)
    }
}

impl Plan {
    /// One namespace as text: what a person would type for it, beside the settings of all.
    pub fn shown(&self, id: SpaceId) -> String {
        Alone(self, id).to_string()
    }

    fn space_with(
        &self,
        space: &Space,
        ends: &[(&End, &End)],
        f: &mut Formatter<'_>,
    ) -> fmt::Result {
        writeln!(f, "{}{}", space.name, if space.fabric { ", a bridge" } else { "" })?;
        for (here, there) in ends {
            let peer = self.name(there.space);
            writeln!(f, "  link {} {} to {} of {peer}", here.dev, here.mac, there.dev)?;
        }
        self.inside(space, f)
    }

    fn name(&self, id: SpaceId) -> &str {
        self.spaces.get(id.index()).map_or("nothing", |space| &space.name)
    }

    /// What is set up inside a namespace.
    fn inside(&self, space: &Space, f: &mut Formatter<'_>) -> fmt::Result {
        settings(&space.sysctls, f)?;
        for address in &space.addresses {
            writeln!(f, "  address {} dev {}", address.ip, address.dev)?;
        }
        for range in &space.local {
            writeln!(f, "  route local {range} dev lo")?;
        }
        for route in &space.routes {
            self.route("", route, f)?;
        }
        for route in &space.marked {
            self.route(&format!("mark {} ", route.origin.0), route, f)?;
        }
        for neighbour in &space.neighbours {
            writeln!(f, "  neighbour {} {} dev {}", neighbour.ip, neighbour.mac, neighbour.dev)?;
        }
        for listener in &space.listeners {
            let proto = listener.proto.name();
            writeln!(f, "  listen {}/{proto} {}", listener.port, listener.name)?;
        }
        if let Some(ruleset) = &space.ruleset {
            writeln!(f, "  nft -f -")?;
            for line in ruleset.lines() {
                writeln!(f, "    {line}")?;
            }
        }
        Ok(())
    }

    fn route(&self, mark: &str, route: &Route, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "  route {mark}")?;
        match &route.via {
            Via::Next { dev, gateway } => write!(f, "{} via {gateway} dev {dev}", route.to)?,
            Via::Link { dev } => write!(f, "{} dev {dev}", route.to)?,
            Via::Unreachable => write!(f, "unreachable {}", route.to)?,
            Via::Blackhole => write!(f, "blackhole {}", route.to)?,
            Via::Prohibit => write!(f, "prohibit {}", route.to)?,
        }
        if let Some(source) = route.source {
            write!(f, " src {source}")?;
        }
        match self.origin(route.origin) {
            Some(words) => writeln!(f, "  # {words}"),
            None => writeln!(f),
        }
    }
}

fn settings(sysctls: &[Sysctl], f: &mut Formatter<'_>) -> fmt::Result {
    for Sysctl { path, value } in sysctls {
        writeln!(f, "  {} = {value}", path.replace('/', "."))?;
    }
    Ok(())
}
