//! `portolan explain`

use portolan_acquire::Verdict;
use serde::Serialize;

use crate::args::{ExplainArgs, Format};
use crate::output;
use crate::reference;
use crate::session::Session;

#[derive(Debug, Serialize)]
struct Answer {
    repository: String,
    wanted: String,
    chosen: Option<String>,
    candidates: Vec<Candidate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip)]
    text: String,
}

#[derive(Debug, Serialize)]
struct Candidate {
    tag: String,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

pub(crate) async fn run(
    session: &Session,
    format: Format,
    args: &ExplainArgs,
) -> anyhow::Result<()> {
    let request = reference::request(session, &args.chart)?;
    let explanation = session.acquirer.explain(&request).await?;
    let answer = Answer {
        repository: request.place(),
        wanted: explanation.wanted().to_string(),
        chosen: explanation.chosen().map(str::to_owned),
        candidates: explanation
            .verdicts()
            .map(|considered| candidate(&considered))
            .collect(),
        hint: explanation.hint().map(|hint| hint.to_string()),
        text: explanation.to_string(),
    };
    output::answer(format, &answer, |answer| {
        let mut text = answer.text.trim_end().to_owned() + "\n\n";
        let width = answer
            .candidates
            .iter()
            .map(|candidate| candidate.tag.chars().count());
        let width = width.max().unwrap_or_default().min(40);
        for candidate in &answer.candidates {
            let why = candidate.why.as_deref().unwrap_or_default();
            let line = format!("{:width$}  {:8}  {why}", candidate.tag, candidate.verdict);
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    })
}

fn candidate(considered: &portolan_acquire::Considered<'_>) -> Candidate {
    let (verdict, why) = match considered.verdict() {
        Verdict::Chosen => ("chosen", None),
        Verdict::Admitted => ("admitted", Some("another is higher".to_owned())),
        Verdict::Rejected(rejection) => ("rejected", Some(rejection.to_string())),
        other => ("rejected", Some(format!("{other:?}"))),
    };
    Candidate {
        tag: considered.tag().to_owned(),
        verdict,
        why,
    }
}
