//! `portolan show`

use anyhow::Context as _;
use serde::Serialize;

use crate::args::{Format, Part, ShowArgs};
use crate::output;
use crate::progress::Bar;
use crate::reference;
use crate::session::Session;

#[derive(Debug, Serialize)]
struct Answer {
    file: &'static str,
    content: String,
}

pub(crate) async fn run(session: &Session, format: Format, args: &ShowArgs) -> anyhow::Result<()> {
    let request = reference::request(session, &args.chart)?;
    let bar = Bar::new(request.chart().as_str());
    let look = session.acquirer.look(&request).await?;
    let chart = session.acquirer.chart(&request, &look).await?;
    drop(bar);
    let (file, content) = match args.part {
        Part::Chart => ("Chart.yaml", chart.file("Chart.yaml")),
        Part::Values => ("values.yaml", chart.values()),
        Part::Readme => ("README.md", chart.readme()),
    };
    let content = content.with_context(|| {
        format!(
            "chart {} {} has no {file}",
            chart.metadata().name,
            chart.metadata().version
        )
    })?;
    if format == Format::Json && args.part == Part::Chart {
        return output::answer(format, chart.metadata(), |_| String::new());
    }
    let answer = Answer {
        file,
        content: String::from_utf8_lossy(content).into_owned(),
    };
    output::answer(format, &answer, |answer| {
        let end = if answer.content.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        format!("{}{end}", answer.content)
    })
}
