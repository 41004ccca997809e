//! All tags of a repository, with those that lies add.

use crate::lie::Lie;

/// The tags in the order they are listed.
pub(super) struct List {
    tags: Vec<String>,
    /// How many more there are, which are made when somebody reads them.
    more: usize,
}

impl List {
    pub(super) fn new(mut tags: Vec<String>, lies: &[Lie]) -> Self {
        let mut more = 0;
        for lie in lies {
            match lie {
                Lie::ManyTags(number) => more = *number,
                Lie::HugeTagName(bytes) => tags.push("x".repeat(*bytes)),
                Lie::InvalidTags => tags.extend(
                    [
                        "",
                        "-1.0.0",
                        "../../etc",
                        "1.0.0\n",
                        "1.0.0+a",
                        "\u{0}",
                        "ü",
                    ]
                    .map(str::to_owned),
                ),
                Lie::DuplicateTags => {
                    tags = tags
                        .into_iter()
                        .flat_map(|tag| [tag.clone(), tag])
                        .collect();
                }
                // The same disorder on every page: neither up nor down.
                Lie::UnsortedTags => tags.sort_by_key(|tag| {
                    let sum: u32 = tag.bytes().map(|byte| u32::from(byte) * 7919).sum();
                    (sum % 101, tag.clone())
                }),
                _ => {}
            }
        }
        Self { tags, more }
    }

    pub(super) fn len(&self) -> usize {
        self.tags.len() + self.more
    }

    /// The tags from one place to before another.
    pub(super) fn part(&self, start: usize, end: usize) -> Vec<String> {
        (start..end)
            .map(|index| {
                let known = self.tags.get(index).cloned();
                known.unwrap_or_else(|| made(index - self.tags.len()))
            })
            .collect()
    }

    /// The place behind a tag; the place it would have, if it is not listed.
    pub(super) fn after(&self, tag: &str) -> usize {
        if let Some(place) = self.tags.iter().rposition(|listed| listed == tag) {
            return place + 1;
        }
        match place_of_made(tag) {
            Some(place) if place < self.more => self.tags.len() + place + 1,
            _ => self.tags.partition_point(|listed| listed.as_str() <= tag),
        }
    }
}

fn made(place: usize) -> String {
    format!("0.{}.{}", place / 1000, place % 1000)
}

fn place_of_made(tag: &str) -> Option<usize> {
    let (thousands, ones) = tag.strip_prefix("0.")?.split_once('.')?;
    let place = thousands.parse::<usize>().ok()? * 1000 + ones.parse::<usize>().ok()?;
    (made(place) == tag).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(lies: &[Lie]) -> List {
        List::new(vec!["1.0.0".to_owned(), "1.1.0".to_owned()], lies)
    }

    #[test]
    fn a_list_goes_on_behind_the_last_tag_of_a_page() {
        assert_eq!(list(&[]).after("1.0.0"), 1);
        assert_eq!(list(&[]).after("1.0.5"), 1);
        assert_eq!(list(&[]).after("0.0.0"), 0);
        assert_eq!(list(&[Lie::ManyTags(5000)]).after("0.3.17"), 3020);
    }

    #[test]
    fn made_tags_come_behind_the_others() {
        let list = list(&[Lie::ManyTags(1001)]);
        assert_eq!(list.len(), 1003);
        assert_eq!(list.part(1, 3), ["1.1.0", "0.0.0"]);
        assert_eq!(list.part(1002, 1003), ["0.1.0"]);
    }
}
