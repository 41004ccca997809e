//! `portolan versions`

use serde::Serialize;

use crate::args::{Format, VersionsArgs};
use crate::output;
use crate::reference;
use crate::session::Session;

#[derive(Debug, Serialize)]
struct Answer {
    repository: String,
    versions: Vec<String>,
}

pub(crate) async fn run(
    session: &Session,
    format: Format,
    args: &VersionsArgs,
) -> anyhow::Result<()> {
    let request = reference::request(session, &args.chart)?;
    let range = Some(request.version()).filter(|range| !range.is_empty());
    let versions = session.acquirer.versions(&request, range).await?;
    let answer = Answer {
        repository: request.place(),
        versions: versions.iter().map(ToString::to_string).collect(),
    };
    if answer.versions.is_empty() {
        eprintln!("no versions in {}", answer.repository);
    }
    output::answer(format, &answer, |answer| {
        let mut text = answer.versions.join("\n");
        if !text.is_empty() {
            text.push('\n');
        }
        text
    })
}
