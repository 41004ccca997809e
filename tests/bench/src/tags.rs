//! Listing and choosing among many tags, beside crane.

use anyhow::Result;
use portolan_kit::{Registry, chart_archive};
use portolan_real::{Part, part};

use crate::measure::{self, ours};
use crate::table::{Row, title};

pub(crate) fn run() -> Result<()> {
    title("list tags, a thousand per page, and choose");
    let (portolan, crane) = (ours("portolan")?, part(Part::Crane));
    for count in [100, 10_000, 100_000] {
        let registry = Registry::builder().page_size(1000).start_blocking();
        let digest = registry.push_chart("charts/app", &chart_archive("app", "1.0.0"), "1.0.0");
        for tag in 0..count {
            registry.move_tag(
                "charts/app",
                &format!("{}.{}.{}", tag / 1000, tag / 10 % 100, tag % 10),
                &digest,
            );
        }
        let at = format!("{}/charts/app", registry.address());
        let runs = if count > 10_000 { 3 } else { 10 };
        let range = [
            "versions",
            &format!("oci://{at}"),
            "--version",
            "^5",
            "--plain-http",
        ];
        let mine = measure::command(&portolan, &range.map(str::to_owned), runs)?;
        let theirs = measure::command(&crane, &["ls", "--insecure", &at].map(str::to_owned), runs)?;
        let what = format!("{count} tags: CPU");
        let rows: [(&str, &str, f64, f64); 3] = [
            (&what, "ms", mine.cpu_ms, theirs.cpu_ms),
            ("wall", "ms", mine.wall_ms, theirs.wall_ms),
            ("peak memory", "MiB", mine.rss_mib, theirs.rss_mib),
        ];
        for (what, unit, ours, peer) in rows {
            Row {
                what,
                unit,
                ours,
                peer: Some(("crane ls, which chooses nothing", peer)),
                limit: "one pass",
            }
            .print();
        }
    }
    Ok(())
}
