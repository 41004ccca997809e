//! Choosing among the tags of a repository in a registry.

use std::fmt;

use portolan_reference::Spelling;

use crate::choice::{Candidate, Choice, Miss};
use crate::contest::{Demand, Offer, run};
use crate::explanation::Explanation;
use crate::ledger::Ledger;
use crate::reading::Reading;
use crate::wanted::Wanted;

/// Choose the tag of a chart by [`TagRule::chart`], and explain it.
///
/// ```
/// use portolan_resolve::{Wanted, choose_tag};
///
/// let choice = choose_tag(&Wanted::parse("^6")?, ["6.1.6", "6.2.0_b1", "7.0.0", "v6.9.0"]);
/// let chosen = choice.chosen().unwrap();
/// assert_eq!((chosen.tag(), chosen.version().text()), ("6.2.0_b1", "6.2.0+b1"));
/// # Ok::<(), portolan_resolve::ParseConstraintError>(())
/// ```
pub fn choose_tag(wanted: &Wanted, tags: impl IntoIterator<Item = impl AsRef<str>>) -> Choice {
    TagRule::chart().choose(wanted, tags)
}

/// As [`choose_tag`], without keeping anything for an explanation.
///
/// # Errors
///
/// If no tag is what is wanted.
pub fn pick_tag(
    wanted: &Wanted,
    tags: impl IntoIterator<Item = impl AsRef<str>>,
) -> Result<Candidate, Miss> {
    TagRule::chart().pick(wanted, tags)
}

/// Which tags count as versions.
///
/// Of those that are wanted the highest is chosen. Versions that differ in build metadata only
/// are told apart by that, in the order of [`semver::BuildMetadata`], and spellings of one version
/// (`v1.0.0`, `1.0.0`) by their bytes; the greater wins. The order of the tags never matters.
///
/// An exact version is wanted as it is written, with `_` for `+` where that is the rule, and no
/// other tag will do.
///
/// # Deviation
///
/// What Flux and Helm choose among versions that differ in build metadata only depends on how
/// their sort happens to go.
#[derive(Clone, Copy)]
#[must_use = "a rule does nothing until it chooses"]
pub struct TagRule<'a> {
    reading: Reading,
    /// How a tag has to be spelled to be had by its whole name, see [`Wanted::Exact`].
    named: Option<Spelling>,
    filter: Option<Filter<'a>>,
}

/// The name of a filter, and whether it lets a tag in.
type Filter<'a> = (&'a str, &'a dyn Fn(&str) -> bool);

impl<'a> TagRule<'a> {
    /// The rule for charts, which is [Helm's][1]: `_` stands for `+`, and then only strict
    /// versions count. `v1.2.3`, `3.0` and `2025.02.03` do not.
    ///
    /// [1]: https://github.com/helm/helm/blob/v3.19.0/pkg/registry/client.go
    pub fn chart() -> Self {
        Self {
            reading: Reading {
                spelling: Spelling::Strict,
                underscore_is_plus: true,
            },
            named: Some(Spelling::ThreePart),
            filter: None,
        }
    }

    /// The rule for any artifact, which is that of Flux's [`OCIRepository`][1]: all three parts
    /// have to be there, a `v` in front and leading zeros are fine, and `_` is only `_`.
    ///
    /// [1]: https://fluxcd.io/flux/components/source/ocirepositories/
    pub fn artifact() -> Self {
        Self {
            reading: Reading {
                spelling: Spelling::ThreePart,
                underscore_is_plus: false,
            },
            named: None,
            filter: None,
        }
    }

    /// Read `_` as the `+` of build metadata, as charts are tagged.
    pub fn underscore_is_plus(mut self) -> Self {
        self.reading.underscore_is_plus = true;
        self
    }

    /// Leave out the tags, as they are written, that `filter` does not accept. `name` is what the
    /// explanation calls it, such as the text of a regular expression.
    pub fn only(mut self, name: &'a str, filter: &'a dyn Fn(&str) -> bool) -> Self {
        self.filter = Some((name, filter));
        self
    }

    /// Choose among `tags`, and explain it. Looks at each once.
    pub fn choose(
        &self,
        wanted: &Wanted,
        tags: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Choice {
        let demand = self.demand(wanted);
        let mut ledger = Ledger::default();
        let outcome = self.run(&demand, tags, Some(&mut ledger));
        let filter = self.filter.map(|(name, _)| name.to_owned());
        let chosen = outcome.as_ref().ok().map(Candidate::index);
        Choice {
            outcome,
            explanation: Explanation::new(wanted.clone(), demand, filter, ledger, chosen),
        }
    }

    /// As [`choose`](Self::choose), without keeping anything for an explanation.
    ///
    /// # Errors
    ///
    /// If no tag is what is wanted.
    pub fn pick(
        &self,
        wanted: &Wanted,
        tags: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Candidate, Miss> {
        self.run(&self.demand(wanted), tags, None)
    }

    fn run(
        &self,
        demand: &Demand,
        tags: impl IntoIterator<Item = impl AsRef<str>>,
        ledger: Option<&mut Ledger>,
    ) -> Result<Candidate, Miss> {
        let offers = tags.into_iter().map(|text| Offer {
            text,
            created: None,
        });
        let welcome = |tag: &str| self.filter.is_none_or(|(_, filter)| filter(tag));
        run(demand, offers, welcome, ledger)
    }

    fn demand(&self, wanted: &Wanted) -> Demand {
        let (literal, constraint) = match wanted {
            Wanted::Exact(version) => (Some(version.clone()), None),
            Wanted::Range(constraint) => (None, Some(constraint.clone())),
        };
        Demand {
            reading: self.reading,
            literal,
            constraint,
            named: self.named,
        }
    }
}

impl fmt::Debug for TagRule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TagRule")
            .field("reading", &self.reading)
            .field("filter", &self.filter.map(|(name, _)| name))
            .finish()
    }
}
