//! Charts inside of a chart.

use crate::archive::Budget;
use crate::contents::{MAX_DEPTH, has_extension, inside};
use crate::{Chart, ChartMetadata, Excess, Limits, ReadChartError};

/// A chart that lies in another one's `charts/`.
#[derive(Debug, Clone, PartialEq)]
pub struct Vendored {
    path: String,
    metadata: ChartMetadata,
}

impl Vendored {
    /// Where it lies below the chart's folder: `charts/db`, `charts/db-1.2.3.tgz`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What it says about itself.
    pub fn metadata(&self) -> &ChartMetadata {
        &self.metadata
    }

    /// Whether it is an archive. Otherwise it is a folder.
    pub fn is_archive(&self) -> bool {
        has_extension(&self.path, "tgz")
    }
}

impl Chart {
    /// The charts in `charts/`, in the order of their paths' bytes; not those inside of them.
    ///
    /// As in Helm, what begins with `_` or `.` is none.
    ///
    /// # Errors
    ///
    /// If archives among them go beyond `limits`. The chart was read under limits itself, so these
    /// have to be smaller ones.
    pub fn vendored(&self, limits: &Limits) -> Result<Vec<Vendored>, ReadChartError> {
        let inside = inside(&self.files, &mut Budget::new(limits))?;
        let vendored = |(path, metadata)| Vendored { path, metadata };
        Ok(inside.into_iter().map(vendored).collect())
    }

    /// Put `chart` into the folder `charts/<folder>`.
    ///
    /// It keeps its name and every byte of its files: what it is called inside of this chart, an
    /// alias for example, is for the requirements to say.
    ///
    /// # Errors
    ///
    /// If there is something already, `folder` is not the name of a folder that Helm would look
    /// into, or both charts together go beyond `limits`. This chart is as it was then.
    pub fn add_chart(
        &mut self,
        folder: &str,
        chart: &Self,
        limits: &Limits,
    ) -> Result<(), AddChartError> {
        if !is_folder(folder) {
            return Err(AddChartError::Folder {
                folder: folder.to_owned(),
            });
        }
        let path = format!("charts/{folder}");
        let below = format!("{path}/");
        if self.has_chart(folder) {
            return Err(AddChartError::Exists { path });
        }
        self.check_room(chart, limits)?;
        for (file, data) in &chart.files {
            self.files.insert(format!("{below}{file}"), data.clone());
        }
        self.depth = self.depth.max(chart.depth + 1);
        Ok(())
    }

    /// Whether something lies in `charts/<folder>`.
    pub fn has_chart(&self, folder: &str) -> bool {
        let path = format!("charts/{folder}");
        let below = format!("{path}/");
        let first = self.files.range(below.clone()..).next();
        self.files.contains_key(&path) || first.is_some_and(|(file, _)| file.starts_with(&below))
    }

    /// Take everything out of `charts/<folder>`.
    pub fn remove_chart(&mut self, folder: &str) {
        let path = format!("charts/{folder}");
        let below = format!("{path}/");
        self.files
            .retain(|file, _| *file != path && !file.starts_with(&below));
    }

    fn check_room(&self, chart: &Self, limits: &Limits) -> Result<(), AddChartError> {
        if chart.depth >= MAX_DEPTH {
            return Err(AddChartError::TooLarge(Excess::Depth { limit: MAX_DEPTH }));
        }
        let mut budget = Budget::new(limits);
        for data in self.files.values().chain(chart.files.values()) {
            budget.take_entry()?;
            budget.take_bytes(data.len() as u64)?;
        }
        Ok(())
    }
}

/// Whether Helm takes `charts/<name>` for a chart, when it is a folder.
fn is_folder(name: &str) -> bool {
    !(name.is_empty()
        || name.starts_with(['_', '.'])
        || name.contains(['/', '\\'])
        || name.chars().any(char::is_control)
        || has_extension(name, "tgz")
        || has_extension(name, "prov"))
}

/// Why a chart was not put into another one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddChartError {
    /// Helm would not look for a chart in a folder of this name, or the name leads elsewhere.
    #[error("a chart cannot lie in `charts/{}`", folder.escape_debug())]
    Folder {
        /// The name.
        folder: String,
    },
    /// There is something already.
    #[error("`{}` exists already", path.escape_debug())]
    Exists {
        /// Where.
        path: String,
    },
    /// Both charts together are larger than is allowed.
    #[error(transparent)]
    TooLarge(#[from] Excess),
}
