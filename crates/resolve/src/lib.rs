#![doc = include_str!("../README.md")]

mod choice;
mod constraint;
mod contest;
mod distance;
mod entry;
mod explanation;
mod ledger;
mod reading;
mod rejection;
mod tag;
mod walk;
mod wanted;

pub use crate::choice::{Candidate, Choice, Miss};
pub use crate::constraint::{Constraint, ParseConstraintError};
pub use crate::entry::{Entry, choose_entry, pick_entry};
pub use crate::explanation::{Considered, Explanation, Hint};
pub use crate::rejection::{Rejection, Verdict};
pub use crate::tag::{TagRule, choose_tag, pick_tag};
pub use crate::wanted::Wanted;
pub use walk::{
    Answer, AnswerError, Catalog, DependencyError, DependencyRepository, Listed,
    ParseDependencyRepositoryError, Place, Question, QuestionId, Reach, Resolution, Resolved,
    Subject, Unbuilt, Vendored, Walk, WalkError, WalkOptions, resolve_dependencies,
};
