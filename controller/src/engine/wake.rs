//! Which changes of an object are worth a look.

use crate::kind::Kind;

/// Whether `new` is to be looked at, `old` being what was known of it.
///
/// It is when somebody created it, changed its spec, asked for its deletion, or asked for a look by
/// the annotation. A change of status, labels or other annotations, or the same object listed again,
/// is not worth one.
pub(super) fn wakes<K: Kind>(old: Option<&K>, new: &K) -> bool {
    old.is_none_or(|old| {
        old.meta().uid != new.meta().uid
            || old.generation() != new.generation()
            || old.is_deleted() != new.is_deleted()
            || old.requested_at() != new.requested_at()
    })
}
