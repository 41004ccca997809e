//! `portolan search`

use anyhow::{bail, ensure};
use portolan_acquire::{ChartRepository, Found, Repository, Search};
use serde::Serialize;

use crate::args::{Format, SearchArgs};
use crate::exit::NothingFound;
use crate::output;
use crate::progress::Bar;
use crate::session::Session;
use crate::table::table;

/// A chart, in the words of `helm search repo --output json`.
#[derive(Debug, Serialize)]
struct Answer {
    name: String,
    version: String,
    app_version: String,
    description: String,
    /// In which part the keywords were found: the lower, the better.
    #[serde(skip)]
    part: u8,
}

pub(crate) async fn run(
    session: &Session,
    format: Format,
    args: &SearchArgs,
) -> anyhow::Result<()> {
    let text = args.keywords.join(" ");
    let text = text.to_lowercase();
    let mut search = Search {
        text: String::new(),
        version: match &args.version {
            Some(range) => range.clone(),
            None if args.devel => ">0.0.0-0".to_owned(),
            None => ">0.0.0".to_owned(),
        },
        every_version: args.versions,
    };
    let mut answers = Vec::new();
    for (prefix, repository) in repositories(session, args)? {
        let bar = Bar::of_steps(&format!("Reading the index of {}", repository.url()));
        // As Helm, which looks at `NAME/CHART`: part of the name of a repository means all its charts.
        let by_whole_name = prefix.to_lowercase().contains(&text) || text.contains('/');
        search.text = if by_whole_name {
            String::new()
        } else {
            text.clone()
        };
        let found = session.acquirer.search(&repository, &search).await?;
        drop(bar);
        let found = found
            .into_iter()
            .map(|found| Answer::new(&prefix, found, &text));
        answers.extend(found.filter(|answer| !by_whole_name || answer.part < NOWHERE));
    }
    // The sort is stable: versions stay highest first.
    answers.sort_by(|a, b| (a.part, &a.name).cmp(&(b.part, &b.name)));
    if answers.is_empty() && args.fail_on_no_result {
        return Err(NothingFound.into());
    }
    output::answer(format, &answers, |answers| {
        if answers.is_empty() {
            return "No results found\n".to_owned();
        }
        let heading = ["NAME", "CHART VERSION", "APP VERSION", "DESCRIPTION"].map(str::to_owned);
        let rows = answers.iter().map(|it| {
            let (name, version) = (it.name.clone(), it.version.clone());
            [
                name,
                version,
                it.app_version.clone(),
                it.description.clone(),
            ]
        });
        let rows: Vec<_> = std::iter::once(heading).chain(rows).collect();
        table(args.max_col_width, &rows)
    })
}

/// The part of an answer that is not shown: keywords.
const NOWHERE: u8 = 3;

impl Answer {
    fn new(prefix: &str, found: Found, text: &str) -> Self {
        let name = format!("{prefix}{}", found.name);
        let description = found.description.unwrap_or_default();
        // Helm's order: the name, the name with that of the repository, the description, keywords.
        let parts = [&found.name, &name, &description];
        let part = parts
            .iter()
            .position(|part| part.to_lowercase().contains(text));
        Self {
            part: part
                .and_then(|part| u8::try_from(part).ok())
                .unwrap_or(NOWHERE),
            name,
            version: found.version,
            app_version: found.app_version.unwrap_or_default(),
            description,
        }
    }
}

/// The repositories to look into, each with what comes before the names of its charts.
fn repositories(
    session: &Session,
    args: &SearchArgs,
) -> anyhow::Result<Vec<(String, ChartRepository)>> {
    if let Some(text) = &args.repo {
        return match session.repository(text)? {
            Repository::Charts(charts) => Ok(vec![(String::new(), charts)]),
            Repository::Registry(_) => bail!(
                "{text} is a registry, and registries have no list of their charts: `portolan versions` lists the versions of one"
            ),
        };
    }
    let entries = session.list()?.entries();
    ensure!(
        !entries.is_empty(),
        "no repositories configured: name one with --repo, or add one with `helm repo add`"
    );
    ensure!(
        !session.has_login(),
        "--username and --pass-credentials are for one repository: name it with --repo"
    );
    entries
        .iter()
        .map(|entry| Ok((format!("{}/", entry.name()), session.entry(entry)?)))
        .collect()
}
