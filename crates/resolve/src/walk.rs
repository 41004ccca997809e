//! From what a chart requires to which charts those are.

mod asked;
mod catalog;
mod demand;
mod error;
mod finish;
mod lock;
mod name;
mod options;
mod path;
mod plan;
mod problem;
mod question;
mod repository;
mod resolution;
mod settle;
mod unbuilt;
mod vendored;

use std::collections::HashMap;
use std::sync::Arc;

use self::asked::Asked;
use self::lock::Pairs;
use self::plan::{Need, Plan, Stock};
use self::problem::{OutOfSync, Problem};
use self::settle::Step;
use self::vendored::Shelf;

pub use self::catalog::{Catalog, resolve_dependencies};
pub use self::error::{DependencyError, WalkError};
pub use self::options::WalkOptions;
pub use self::path::Reach;
pub use self::question::{Answer, AnswerError, Listed, Question, QuestionId, Subject};
pub use self::repository::{DependencyRepository, ParseDependencyRepositoryError};
pub use self::resolution::{Place, Resolution, Resolved};
pub use self::unbuilt::Unbuilt;
pub use self::vendored::Vendored;

/// From what a chart requires to which charts those are, without doing anything: whoever drives
/// the walk finds out what it [wants](Self::wanted) to know, in any order and any number at a
/// time, and [tells](Self::answer) it. [`resolve_dependencies`] is such a driver.
///
/// * A requirement that is met by a chart in `charts/` is left alone ([`Unbuilt::vendored`]).
/// * A version that a lock file has ([`Unbuilt::locked`]) stays, if the digest in that file says
///   that it was made for these requirements. So does one that is asked of a registry with all
///   three numbers. Nothing is asked for these. Otherwise the highest that is
///   wanted is chosen by [`choose_entry`](crate::choose_entry) and [`choose_tag`](crate::choose_tag).
/// * Charts on disk (`file://`, and those in `charts/` without a repository) are walked in turn.
///   Those from repositories are not: they bring what they need, as with Helm.
/// * Conditions, tags and `import-values` are carried along; whoever renders looks at them.
/// * The same question is never asked twice, however many requirements depend on it.
///
/// Whatever is wrong is kept until [`finish`](Self::finish), and the rest goes on.
///
/// # Deviation
///
/// Both [Helm][1] and [Flux][2] stop at the first error, and do not look at what a chart on disk
/// requires. Flux also takes any chart in `charts/` for any other if their number is right, and
/// loses the aliases of requirements that are locked.
///
/// [1]: https://github.com/helm/helm/blob/v4.3.1/pkg/downloader/manager.go
/// [2]: https://github.com/fluxcd/source-controller/blob/v1.10.1/internal/helm/chart/dependency_manager.go
#[derive(Debug)]
pub struct Walk {
    options: WalkOptions,
    stops: Vec<Stop>,
    nodes: Vec<Node>,
    asked: Vec<Asked>,
    by_subject: HashMap<Subject, usize>,
    told: usize,
    /// How many versions had to be looked at so far.
    looked_at: usize,
    /// Why the walk was given up, if it was: there is too much of something.
    given_up: Option<Problem>,
}

/// A chart on disk on the way, as often as it is come by.
#[derive(Debug)]
struct Stop {
    chart: Arc<Unbuilt>,
    path: String,
    /// The node that it stands for; none for the first.
    node: Option<usize>,
    depth: usize,
    nodes: Vec<usize>,
    problem: Option<Problem>,
    /// Whether its lock file was believed although its digest is that of something else.
    doubtful: bool,
}

/// A requirement on the way, as often as it is come by.
#[derive(Debug)]
struct Node {
    stop: usize,
    at: usize,
    question: Option<QuestionId>,
    state: State,
}

#[derive(Debug)]
enum State {
    Waiting(Plan),
    Found(Found),
    Failed(Problem),
}

/// The chart that a requirement stands for.
#[derive(Debug)]
struct Found {
    version: String,
    /// The `repository` that counts, names replaced by what they stand for.
    repository: String,
    place: Place,
    /// Where the walk goes on with it.
    stop: Option<usize>,
}

impl Walk {
    /// Begin with what `chart` requires.
    pub fn new(chart: Unbuilt, options: WalkOptions) -> Self {
        let path = options.path.clone();
        let mut walk = Self {
            options,
            stops: Vec::new(),
            nodes: Vec::new(),
            asked: Vec::new(),
            by_subject: HashMap::new(),
            told: 0,
            looked_at: 0,
            given_up: None,
        };
        let mut ready = Vec::new();
        walk.come_by(&Arc::new(chart), path, None, &mut ready);
        walk.go_on(ready);
        walk
    }

    /// What has to be known to go on, and has not been told before. Once this is empty and
    /// everything has been answered, the walk is at its end.
    pub fn wanted(&mut self) -> Vec<Question> {
        if self.given_up.is_some() {
            return Vec::new();
        }
        let from = std::mem::replace(&mut self.told, self.asked.len());
        let new = self.asked.iter().enumerate().skip(from);
        new.map(|(id, asked)| asked.question(QuestionId(id)))
            .collect()
    }

    /// Say what became of a question. What else is wanted now is known afterwards.
    ///
    /// # Errors
    ///
    /// If that is no answer to a question that is open. Nothing has changed then.
    pub fn answer(&mut self, id: QuestionId, answer: Answer) -> Result<(), AnswerError> {
        let asked = self.asked.get_mut(id.0).ok_or(AnswerError::NotAsked)?;
        let waiting = asked.take(answer)?;
        self.go_on(waiting);
        Ok(())
    }

    /// Which chart each requirement stands for.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, questions that were not answered included.
    pub fn finish(self) -> Result<Resolution, WalkError> {
        self.into_resolution()
    }

    /// Go through nodes whose question is answered, and those that come of it.
    fn go_on(&mut self, mut ready: Vec<usize>) {
        while let Some(node) = ready.pop() {
            if self.given_up.is_some() {
                return;
            }
            let Some(outcome) = self.settle(node) else {
                continue;
            };
            let state = outcome.map(|Step { mut found, on }| {
                found.stop =
                    on.map(|(chart, path)| self.come_by(&chart, path, Some(node), &mut ready));
                State::Found(found)
            });
            self.nodes[node].state = state.unwrap_or_else(State::Failed);
        }
    }

    /// Come by a chart on disk: plan each of its requirements.
    fn come_by(
        &mut self,
        chart: &Arc<Unbuilt>,
        path: String,
        node: Option<usize>,
        ready: &mut Vec<usize>,
    ) -> usize {
        let depth = node.map_or(1, |node| self.stops[self.nodes[node].stop].depth + 1);
        let stop = self.stops.len();
        let count = chart.requirements.len();
        self.stops.push(Stop {
            chart: Arc::clone(chart),
            path,
            node,
            depth,
            nodes: Vec::new(),
            problem: None,
            doubtful: false,
        });
        let most = self.options.max_dependencies;
        let lines = chart.lines().map_or(0, <[_]>::len);
        if self.nodes.len() + count > most || chart.vendored.len() > most || lines > most {
            self.given_up = Some(Problem::TooMany(most));
            return stop;
        }
        if count > 0 && depth > self.options.max_depth {
            self.stops[stop].problem = Some(Problem::TooDeep(self.options.max_depth));
            return stop;
        }
        if count > 0 {
            self.plan_all(stop, chart, ready);
        }
        stop
    }

    fn plan_all(&mut self, stop: usize, chart: &Unbuilt, ready: &mut Vec<usize>) {
        let lines = chart.lines();
        let stock = Stock {
            shelf: Shelf::new(&chart.vendored),
            pairs: lines.map(|lines| Pairs::new(&chart.requirements, lines)),
        };
        let here = &self.stops[stop];
        let all = 0..chart.requirements.len();
        let plans: Vec<_> = all.map(|at| self.plan(here, at, &stock)).collect();
        let out_of_sync = stock
            .pairs
            .as_ref()
            .and_then(|pairs| self.out_of_sync(chart, pairs, &plans));
        let is_doubtful =
            matches!(out_of_sync, Some(OutOfSync::Digest)) && self.options.believes_lock_lines;
        let out_of_sync = out_of_sync.filter(|_| !is_doubtful);
        self.stops[stop].doubtful = is_doubtful;
        for (at, plan) in plans.into_iter().enumerate() {
            // What a lock file says that was made for something else is not even asked about.
            if out_of_sync.is_none() || plan.is_err() {
                self.add(stop, at, plan, ready);
            }
        }
        self.stops[stop].problem = out_of_sync.map(Problem::OutOfSync);
    }

    /// What is wrong with the lock file as a whole, unless there is no need to look into it.
    fn out_of_sync(
        &self,
        chart: &Unbuilt,
        pairs: &Pairs,
        plans: &[Result<Plan, Problem>],
    ) -> Option<OutOfSync> {
        let is_here = |plan: &Result<Plan, _>| plan.as_ref().is_ok_and(Plan::is_here);
        if plans.iter().all(is_here) {
            return None;
        }
        if let Some(line) = chart.lines()?.get(pairs.stray.unwrap_or(usize::MAX)) {
            return Some(OutOfSync::Stray(line.name.clone()));
        }
        let is_told = |plan: &Result<_, _>| matches!(plan, Err(Problem::OutOfSync(_)));
        let is_wrong = !chart.is_in_sync(pairs, &self.options);
        (is_wrong && !plans.iter().any(is_told)).then_some(OutOfSync::Digest)
    }

    fn add(&mut self, stop: usize, at: usize, plan: Result<Plan, Problem>, ready: &mut Vec<usize>) {
        let requirement = &self.stops[stop].chart.requirements[at];
        let (subject, state) = match plan {
            Err(problem) => (None, State::Failed(problem)),
            Ok(plan) => (plan.subject(requirement), State::from(plan)),
        };
        let node = self.nodes.len();
        self.nodes.push(Node {
            stop,
            at,
            question: None,
            state,
        });
        self.stops[stop].nodes.push(node);
        if let Some(subject) = subject {
            self.ask(node, subject, ready);
        }
    }

    fn ask(&mut self, node: usize, subject: Subject, ready: &mut Vec<usize>) {
        let next = self.asked.len();
        let asked = *self.by_subject.entry(subject.clone()).or_insert(next);
        if asked == next {
            let path = self.stops[self.nodes[node].stop].path.clone();
            self.asked.push(Asked::new(path, subject));
        }
        self.nodes[node].question = Some(QuestionId(asked));
        if !self.asked[asked].wait(node) {
            ready.push(node);
        }
    }
}

impl From<Plan> for State {
    fn from(plan: Plan) -> Self {
        match plan {
            Plan {
                place,
                repository,
                need: Need::Known(version),
            } => Self::Found(Found {
                version,
                repository,
                place,
                stop: None,
            }),
            plan => Self::Waiting(plan),
        }
    }
}
