//! Ours chooses and brings what Helm chooses and brings.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread;

use portolan_real::{ChartFolder, Folder, Helm, OciRegistry, Pulled, WebServer, portolan};

/// How many registries' worth of tags, and how many ranges are tried on each; the first of them are tried
/// on the same versions in an index as well.
const SETS: usize = 8;
const RANGES: usize = 27;
const RANGES_OF_AN_INDEX: usize = 10;

/// The numbers behind the pairs. Another seed is another suite; a failing pair is printed whole.
const SEED: u64 = 0x706f_7274_6f6c_616e;

/// [SplitMix64](https://prng.di.unimi.it/splitmix64.c).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let sides = u64::try_from(sides).expect("a few sides");
        usize::try_from(mixed % sides).expect("less than the sides")
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }

    fn version(&mut self) -> String {
        let numbers = format!("{}.{}.{}", self.roll(3), self.roll(4), self.roll(4));
        let before = ["", "", "", "-rc.1", "-rc.2", "-rc.11", "-alpha", "-0"];
        let build = ["", "", "", "", "+1", "+build.7", "+b-1.2"];
        format!("{numbers}{}{}", self.pick(&before), self.pick(&build))
    }

    /// Part of a version, as ranges have it.
    fn part(&mut self) -> String {
        let number = |dice: &mut Self, sides| match dice.roll(9) {
            0 => dice.pick(&["x", "X", "*"]).to_owned(),
            _ => dice.roll(sides).to_string(),
        };
        let length = 1 + self.roll(3);
        let mut numbers: Vec<_> = vec![number(self, 3)];
        numbers.extend((1..length).map(|_| number(self, 4)));
        let before = match self.roll(6) {
            0 => self.pick(&["-0", "-rc.1", "-rc.3", "-alpha", "-beta"]),
            _ => "",
        };
        let prefix = if self.roll(10) == 0 { "v" } else { "" };
        format!("{prefix}{}{before}", numbers.join("."))
    }

    /// A range that means the same to Helm and to Flux.
    fn range(&mut self, offered: &[String]) -> String {
        loop {
            let range = self.any_range(offered);
            if !is_short(&range) {
                return range;
            }
        }
    }

    fn any_range(&mut self, offered: &[String]) -> String {
        match self.roll(10) {
            // A version that is there, or nearly.
            0 | 1 => offered[self.roll(offered.len())].clone(),
            2 => self.version(),
            3 => format!("{} - {}", self.part(), self.part()),
            4 => self
                .pick(&["*", ">0.0.0-0", "", "latest", "^", "1.2.3.4"])
                .to_owned(),
            _ => {
                let terms: Vec<_> = (0..=self.roll(3)).map(|_| self.term()).collect();
                terms.join(self.pick(&[", ", " ", ",", " || ", "||"]))
            }
        }
    }

    fn term(&mut self) -> String {
        let operators = [
            "", "=", "!=", ">", ">=", "=>", "<", "<=", "=<", "~", "~>", "^", "^", "~",
        ];
        let operator = self.pick(&operators);
        let gap = if self.roll(4) == 0 { " " } else { "" };
        format!("{operator}{gap}{}", self.part())
    }
}

/// Whether a text is a version of one or two numbers: a tag for Helm, and a range for Flux and us.
fn is_short(range: &str) -> bool {
    let numbers = range.trim_start_matches('v');
    let numbers = numbers.split(['-', '+']).next().unwrap_or_default();
    let mut parts = numbers.split('.');
    parts.clone().count() < 3 && parts.all(|part| part.parse::<u64>().is_ok())
}

/// What `portolan pull` brings of `chart`, with the flags that say where it is.
fn pull(chart: &[&str], version: &str) -> Result<Pulled, String> {
    let (home, folder) = (Folder::new("nobody"), Folder::new("ours"));
    let destination = folder.path().display().to_string();
    let command = ["pull", "--version", version, "--destination", &destination];
    portolan(home.path(), command.iter().chain(chart))?;
    Ok(Pulled::only_file_of(folder.path()))
}

/// A registry and a web server in which every set of versions has a path of its own, and those sets:
/// of tags, and of what is in an index.
struct Offer {
    registry: OciRegistry,
    web: WebServer,
    sets: Vec<Vec<String>>,
}

/// Where a pair is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The tags of a registry.
    Registry,
    /// The index of a repository.
    Index,
}

impl Offer {
    fn new(helm: &Helm, dice: &mut Dice) -> Self {
        let (registry, web) = (OciRegistry::open(), WebServer::open());
        let chart = ChartFolder::new("app", "hello");
        let mut packages: BTreeMap<String, PathBuf> = BTreeMap::new();
        let mut pool: Vec<String> = (0..30).map(|_| dice.version()).collect();
        // Equal but for their build metadata.
        pool.extend(["1.2.3", "1.2.3+1", "1.2.3+build.7"].map(str::to_owned));
        let mut sets = Vec::new();
        for set in 0..SETS {
            let mut versions: Vec<_> = (0..9)
                .map(|_| pool[dice.roll(pool.len())].clone())
                .collect();
            versions.sort();
            versions.dedup();
            for version in &versions {
                let archive = packages
                    .entry(version.clone())
                    .or_insert_with(|| helm.package(&chart, version));
                helm.push(archive, &registry.url(&format!("set-{set}")));
                web.put_file(&format!("set-{set}"), archive);
            }
            helm.index(&web.file(&format!("set-{set}")));
            let repository = format!("set-{set}/app");
            let tagged = versions[0].replace('+', "_");
            // Tags that people give besides.
            for tag in ["latest", "v1.9.9", "1.3", "2", "main-3f2a"] {
                if dice.roll(2) == 0 {
                    registry.tag(&repository, &tagged, tag);
                    versions.push(tag.to_owned());
                }
            }
            sets.push(versions);
        }
        Self {
            registry,
            web,
            sets,
        }
    }

    fn try_on(&self, helm: &Helm, place: Place, set: usize, range: &str) -> Outcome {
        match place {
            Place::Registry => {
                let reference = self.registry.url(&format!("set-{set}/app"));
                Outcome::of_a_registry(helm, &reference, range)
            }
            Place::Index => {
                let url = self.web.url(&format!("set-{set}"));
                Outcome {
                    helms: helm.pull_from(&url, "app", range),
                    ours: pull(&["app", "--repo", &url], range),
                }
            }
        }
    }
}

/// Whether two file names of charts differ in build metadata only. Which of two such versions Helm
/// chooses depends on the order in which it meets them; ours is always the greater, or in an index that
/// which was made last.
fn tie(helms: &str, ours: &str) -> bool {
    let plain = |name: &str| {
        let name = name.trim_end_matches(".tgz");
        name.split('+').next().unwrap_or_default().to_owned()
    };
    plain(helms) == plain(ours)
}

/// What became of a pair.
struct Outcome {
    helms: Result<Pulled, String>,
    ours: Result<Pulled, String>,
}

impl Outcome {
    fn of_a_registry(helm: &Helm, reference: &str, range: &str) -> Self {
        Self {
            helms: helm.pull(reference, range),
            ours: pull(&[reference, "--plain-http"], range),
        }
    }

    fn agrees(&self) -> bool {
        match (&self.helms, &self.ours) {
            (Ok(helms), Ok(ours)) => helms == ours || tie(&helms.name, &ours.name),
            (Err(_), Err(_)) => true,
            _ => false,
        }
    }

    fn told(&self) -> String {
        let told = |result: &Result<Pulled, String>| match result {
            Ok(pulled) => pulled.name.clone(),
            Err(said) => format!("error: {said}"),
        };
        format!("helm {}, ours {}", told(&self.helms), told(&self.ours))
    }
}

#[test]
fn of_two_hundred_pairs_of_tags_and_range_ours_brings_what_helm_brings() {
    let mut dice = Dice(SEED);
    let helm = Helm::new();
    let offer = Offer::new(&helm, &mut dice);
    let mut pairs = Vec::new();
    for (set, offered) in offer.sets.iter().enumerate() {
        let ranges: Vec<_> = (0..RANGES).map(|_| dice.range(offered)).collect();
        let of_an_index = ranges.iter().take(RANGES_OF_AN_INDEX);
        pairs.extend(of_an_index.map(|range| (Place::Index, set, range.clone())));
        pairs.extend(
            ranges
                .into_iter()
                .map(|range| (Place::Registry, set, range)),
        );
    }
    assert!(pairs.len() >= 200, "{} pairs", pairs.len());
    let check =
        |(place, set, range): &(Place, usize, String)| offer.try_on(&helm, *place, *set, range);
    // Helm takes its time for every start.
    let outcomes: Vec<Outcome> = thread::scope(|scope| {
        let halves: Vec<_> = pairs
            .chunks(pairs.len().div_ceil(2))
            .map(|half| scope.spawn(move || half.iter().map(check).collect::<Vec<_>>()))
            .collect();
        let joined = halves.into_iter().map(thread::ScopedJoinHandle::join);
        joined.flat_map(|half| half.expect("no panic")).collect()
    });
    let differences: Vec<_> = pairs
        .iter()
        .zip(&outcomes)
        .filter(|(_, outcome)| !outcome.agrees())
        .map(|((place, set, range), outcome)| {
            let offered = &offer.sets[*set];
            format!("{place:?}, {range:?} of {offered:?}: {}", outcome.told())
        })
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    let brought = outcomes.iter().filter(|outcome| outcome.helms.is_ok());
    let brought = brought.count();
    assert!(
        (50..pairs.len() - 20).contains(&brought),
        "the pairs say little: {brought} of {} bring a chart",
        pairs.len()
    );
}

#[test]
fn one_or_two_numbers_are_a_range_as_for_flux_and_not_a_tag_as_for_helm() {
    let helm = Helm::new();
    let registry = OciRegistry::open();
    let chart = ChartFolder::new("app", "hello");
    let remote = registry.url("charts");
    for version in ["1.3.0", "1.3.1"] {
        helm.push(&helm.package(&chart, version), &remote);
    }
    let reference = registry.url("charts/app");
    let outcome = Outcome::of_a_registry(&helm, &reference, "1.3");
    assert!(outcome.helms.is_err(), "{}", outcome.told());
    let ours = outcome.ours.expect("a chart of the range");
    assert_eq!(ours.name, "app-1.3.1.tgz");
}
