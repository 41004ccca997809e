//! How far a version is from another.

use semver::Version;

/// Less is nearer. The first of the three numbers that differs decides how far it is; the ones
/// behind it say how far `version` is from the edge that faces `bound`.
pub(crate) fn distance(version: &Version, bound: &Version) -> [u64; 3] {
    let numbers = [version.major, version.minor, version.patch];
    let bounds = [bound.major, bound.minor, bound.patch];
    let below = numbers < bounds;
    let mut edge = false;
    let mut distance = [0; 3];
    for ((place, number), bound) in distance.iter_mut().zip(numbers).zip(bounds) {
        *place = match (edge, below) {
            (false, _) => number.abs_diff(bound),
            (true, true) => u64::MAX - number,
            (true, false) => number,
        };
        edge |= number != bound;
    }
    distance
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearer_is_what_a_person_would_try_next() {
        #[track_caller]
        fn check(bound: &str, nearest_first: &str) {
            let bound = Version::parse(bound).unwrap();
            let versions = nearest_first.split(' ').map(|v| Version::parse(v).unwrap());
            let distances: Vec<_> = versions.map(|v| distance(&v, &bound)).collect();
            assert!(distances.is_sorted(), "{distances:?}");
        }
        check(
            "7.0.0",
            "7.0.0 7.0.1 7.0.9 7.1.0 7.9.0 6.9.9 6.9.0 6.1.6 5.0.0",
        );
        check(
            "1.2.3",
            "1.2.3 1.2.4 1.2.1 1.3.0 1.3.5 1.1.9 1.1.8 2.0.0 2.0.1 0.9.0 4.0.0",
        );
    }
}
