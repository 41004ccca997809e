//! Cold start and size, beside crane and helm.

use anyhow::Result;
use portolan_real::{Part, part};

use crate::measure::{self, ours};
use crate::table::{Row, title};

pub(crate) fn run() -> Result<()> {
    title("start");
    let portolan = ours("portolan")?;
    let cost = measure::command(&portolan, &["--version".to_owned()], 50)?;
    for (name, peer) in [("crane", part(Part::Crane)), ("helm", part(Part::Helm))] {
        let theirs = measure::command(&peer, &["version".to_owned()], 20)?;
        Row {
            what: "the version of the command line",
            unit: "ms",
            ours: cost.wall_ms,
            peer: Some((name, theirs.wall_ms)),
            limit: "5",
        }
        .print();
    }
    let size = |path| -> Result<f64> { Ok(std::fs::metadata(path)?.len() as f64 / 1e6) };
    for (what, program, limit) in [
        ("size of the command line", "portolan", "12"),
        ("size of the controller", "portolan-controller", "20"),
    ] {
        Row {
            what,
            unit: "MB",
            ours: size(ours(program)?)?,
            peer: None,
            limit,
        }
        .print();
    }
    Ok(())
}
