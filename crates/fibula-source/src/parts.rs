//! Folders that hold the parts of objects, and not the objects: what kustomize and Helm build first.

use std::path::Path;

use crate::refusal::Refusal;

/// The folders in which something is to be built, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    /// Those of a kustomization.
    pub(crate) kustomizations: Vec<String>,
    /// Those of a chart.
    charts: Vec<String>,
}

/// How kustomize finds what it builds.
const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

// === impl Parts ===

impl Parts {
    /// Notes a file, if it says that its folder is to be built.
    pub(crate) fn note(&mut self, file: &Path) {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let folders = match name {
            "Chart.yaml" => &mut self.charts,
            name if KUSTOMIZATIONS.contains(&name) => &mut self.kustomizations,
            _ => return,
        };
        folders.extend(file.parent().map(|folder| folder.display().to_string()));
    }

    /// Puts the templates of a chart that were refused together: one refusal for the chart that they
    /// are all of.
    pub(crate) fn gather(&self, refused: Vec<Refusal>) -> Vec<Refusal> {
        let mut gathered: Vec<Refusal> = vec![];
        let mut of: Vec<(&String, usize, usize)> = vec![];
        for refusal in refused {
            let inside = |chart: &&String| Path::new(&refusal.file).starts_with(chart);
            // A chart in another is a part of it.
            let chart = self.charts.iter().filter(inside).min_by_key(|chart| chart.len());
            let Some(chart) = chart.filter(|_| refusal.is_template()) else {
                gathered.push(refusal);
                continue;
            };
            match of.iter_mut().find(|(other, ..)| *other == chart) {
                Some((_, _, n)) => *n += 1,
                None => {
                    of.push((chart, gathered.len(), 1));
                    gathered.push(refusal);
                }
            }
        }
        for (chart, at, n) in of {
            let first = &mut gathered[at];
            first.help = Some(format!("fill it in first: helm template {chart} | fibula … -f -"));
            if n > 1 {
                let more = format!("; {n} templates of {chart} are not filled in");
                first.expected.push_str(&more);
            }
        }
        gathered
    }
}
