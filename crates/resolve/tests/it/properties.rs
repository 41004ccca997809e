//! What holds for every input.

use std::time::{Duration, SystemTime};

use portolan_reference::{Spelling, Version};
use portolan_resolve::{
    Candidate, Constraint, Entry, TagRule, Verdict, Wanted, choose_entry, choose_tag, pick_entry,
    pick_tag,
};
use proptest::prelude::*;

/// Texts that are, more often than not, almost versions.
fn version() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[0-3]\\.[0-3]\\.[0-3](-(0|rc\\.[0-9]|alpha))?([+_][a-c0-9]{1,2})?",
        2 => "v?[0-3]{1,2}(\\.[0-3x*]{1,2}){0,3}(-[a0-9.-]{1,4})?",
        1 => ".{0,12}",
    ]
}

/// Texts that are, more often than not, constraints.
fn constraint() -> impl Strategy<Value = String> {
    let term = "(=|!=|>|<|>=|=>|<=|=<|~|~>|\\^)? ?v?[0-3x*](\\.[0-3x*]){0,2}(-0|-rc\\.1)?";
    prop_oneof![
        8 => prop::collection::vec(term, 1..4).prop_map(|terms| terms.join(" ")),
        2 => prop::collection::vec(term, 1..4).prop_map(|terms| terms.join(" || ")),
        1 => (version(), version()).prop_map(|(from, to)| format!("{from} - {to}")),
        1 => ".{0,30}",
        1 => "[0-9xX*|=!<>~^ ,.v+-]{0,30}",
    ]
}

/// Minutes at which an entry was created.
fn entries() -> impl Strategy<Value = Vec<(String, Option<u64>)>> {
    prop::collection::vec((version(), prop::option::of(0..3_u64)), 0..12)
}

proptest! {
    #[test]
    fn no_text_makes_anything_panic(asked in constraint(), tags in prop::collection::vec(version(), 0..12)) {
        let _ = asked.parse::<Constraint>();
        if let Ok(wanted) = Wanted::parse(&asked) {
            for choice in [choose_tag(&wanted, &tags), TagRule::artifact().choose(&wanted, &tags)] {
                let explanation = choice.explanation();
                let _ = explanation.to_string();
                prop_assert_eq!(explanation.verdicts().count(), tags.len());
                prop_assert_eq!(explanation.hint().is_some() && choice.chosen().is_some(), false);
            }
        }
    }

    #[test]
    fn what_is_chosen_is_admitted_and_nothing_admitted_is_higher(
        asked in constraint(),
        tags in prop::collection::vec(version(), 0..12),
    ) {
        let Ok(constraint) = asked.parse::<Constraint>() else { return Ok(()) };
        let wanted = Wanted::Range(constraint.clone());
        let choice = choose_tag(&wanted, &tags);
        let admitted = || tags.iter().filter_map(|tag| {
            let version = Version::strict(&tag.replace('_', "+")).ok()?;
            constraint.matches(&version).then_some(version)
        });
        match choice.chosen() {
            None => prop_assert_eq!(admitted().count(), 0),
            Some(chosen) => {
                prop_assert!(constraint.matches(chosen.version()));
                prop_assert!(admitted().all(|version| version <= *chosen.version()));
                prop_assert_eq!(&tags[chosen.index()], chosen.tag());
            }
        }
        prop_assert_eq!(choice.explanation().admitted(), admitted().count());
    }

    #[test]
    fn the_order_of_the_tags_never_matters(
        asked in constraint(),
        tags in prop::collection::vec(version(), 0..12),
    ) {
        let Ok(wanted) = Wanted::parse(&asked) else { return Ok(()) };
        for rule in [TagRule::chart(), TagRule::artifact(), TagRule::artifact().underscore_is_plus()] {
            let forwards = rule.pick(&wanted, &tags);
            let backwards = rule.pick(&wanted, tags.iter().rev());
            let tag = |chosen: &Candidate| chosen.tag().to_owned();
            prop_assert_eq!(forwards.as_ref().map(tag), backwards.as_ref().map(tag));
        }
    }

    #[test]
    fn the_order_of_the_entries_never_matters(asked in constraint(), offered in entries()) {
        let Ok(wanted) = Wanted::parse(&asked) else { return Ok(()) };
        let entries: Vec<Entry<'_>> = offered
            .iter()
            .map(|(version, minutes)| {
                let created = |m: &u64| SystemTime::UNIX_EPOCH + Duration::from_mins(*m);
                Entry::new(version, minutes.as_ref().map(created))
            })
            .collect();
        let forwards = pick_entry(&wanted, entries.iter().copied());
        let backwards = pick_entry(&wanted, entries.iter().rev().copied());
        let tag = |chosen: &Candidate| chosen.tag().to_owned();
        prop_assert_eq!(forwards.as_ref().map(tag), backwards.as_ref().map(tag));
        let choice = choose_entry(&wanted, entries);
        prop_assert_eq!(choice.chosen(), forwards.as_ref().ok());
        let _ = choice.explanation().to_string();
    }

    #[test]
    fn explaining_changes_nothing(
        asked in constraint(),
        tags in prop::collection::vec(version(), 0..12),
    ) {
        let Ok(wanted) = Wanted::parse(&asked) else { return Ok(()) };
        let choice = choose_tag(&wanted, &tags);
        let picked = pick_tag(&wanted, &tags);
        prop_assert_eq!(choice.chosen(), picked.as_ref().ok());
        prop_assert_eq!(choice.miss(), picked.as_ref().err().copied());
        let chosen: Vec<_> = choice
            .explanation()
            .verdicts()
            .filter(|considered| *considered.verdict() == Verdict::Chosen)
            .map(|considered| considered.tag())
            .collect();
        prop_assert_eq!(chosen, Vec::from_iter(picked.as_ref().map(Candidate::tag)));
    }

    #[test]
    fn opening_to_prereleases_admits_all_that_was_admitted(
        asked in constraint(),
        versions in prop::collection::vec(version(), 12),
    ) {
        let Ok(constraint) = asked.parse::<Constraint>() else { return Ok(()) };
        let Some(opened) = constraint.admitting_prereleases() else { return Ok(()) };
        for version in versions.iter().filter_map(|text| Version::loose(text).ok()) {
            prop_assert!(!constraint.matches(&version) || opened.matches(&version));
        }
    }

    #[test]
    fn a_reason_is_given_exactly_when_it_does_not_match(asked in constraint(), text in version()) {
        let Ok(constraint) = asked.parse::<Constraint>() else { return Ok(()) };
        let Ok(version) = Version::loose(&text) else { return Ok(()) };
        prop_assert_eq!(constraint.why_not(&version).is_none(), constraint.matches(&version));
    }

    #[test]
    fn a_strict_version_is_a_three_part_version_and_that_a_loose_one(text in version()) {
        let strict = Spelling::Strict.read(&text);
        let three_part = Spelling::ThreePart.read(&text);
        let loose = Spelling::Loose.read(&text);
        prop_assert!(strict.is_none() || strict == three_part);
        prop_assert!(three_part.is_none() || three_part == loose);
    }
}
