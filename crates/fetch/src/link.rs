//! The `Link` header ([RFC 8288](https://www.rfc-editor.org/rfc/rfc8288#section-3)), as far as
//! paging needs it.

/// The header does not follow the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// The target of the first link whose relation is `next`, as it was written.
///
/// Several header lines mean the same as one with commas. Relation types are compared without case
/// and may be several in one `rel`; only the first `rel` of a link counts; a link with an `anchor`
/// speaks of some other page and is passed over.
///
/// # Errors
///
/// [`Malformed`] if any line cannot be read up to where `next` was found. A list that goes on must
/// not look like one that ended, so an unreadable header is not the same as none.
pub(crate) fn next<'a>(
    lines: impl IntoIterator<Item = &'a str>,
) -> Result<Option<String>, Malformed> {
    for line in lines {
        let mut rest = Cursor { text: line };
        while let Some(link) = rest.link()? {
            if link.is_next {
                return Ok(Some(link.target.to_owned()));
            }
        }
    }
    Ok(None)
}

struct Link<'a> {
    target: &'a str,
    is_next: bool,
}

struct Cursor<'a> {
    text: &'a str,
}

impl<'a> Cursor<'a> {
    /// One `<target>; parameters`, or `None` at the end of the line.
    fn link(&mut self) -> Result<Option<Link<'a>>, Malformed> {
        // Empty list elements are allowed by RFC 9110 section 5.6.1.
        self.text = self.text.trim_start_matches([' ', '\t', ',']);
        if self.text.is_empty() {
            return Ok(None);
        }
        let (target, after) = self
            .text
            .strip_prefix('<')
            .and_then(|inside| inside.split_once('>'))
            .ok_or(Malformed)?;
        self.text = after;
        let mut relation = None;
        let mut anchored = false;
        while let Some((name, value)) = self.parameter()? {
            if name.eq_ignore_ascii_case("rel") {
                relation.get_or_insert(value);
            } else if name.eq_ignore_ascii_case("anchor") {
                anchored = true;
            }
        }
        let is_next = !anchored
            && relation.is_some_and(|types| {
                types
                    .split_ascii_whitespace()
                    .any(|kind| kind.eq_ignore_ascii_case("next"))
            });
        Ok(Some(Link { target, is_next }))
    }

    /// One `; name=value`, or `None` where the link ends.
    fn parameter(&mut self) -> Result<Option<(&'a str, String)>, Malformed> {
        loop {
            self.skip_blanks();
            match self.text.chars().next() {
                None | Some(',') => return Ok(None),
                Some(';') => self.text = &self.text[1..],
                Some(_) => return Err(Malformed),
            }
            self.skip_blanks();
            let name = self.token();
            if name.is_empty() {
                // `<x>;` and `<x>;;rel=next` occur; they say nothing.
                continue;
            }
            self.skip_blanks();
            let Some(after) = self.text.strip_prefix('=') else {
                return Ok(Some((name, String::new())));
            };
            self.text = after;
            self.skip_blanks();
            let value = match self.text.strip_prefix('"') {
                Some(inside) => self.quoted(inside)?,
                None => self.token().to_owned(),
            };
            return Ok(Some((name, value)));
        }
    }

    /// What is inside a quoted string that starts here, without its escapes.
    fn quoted(&mut self, inside: &'a str) -> Result<String, Malformed> {
        let mut value = String::new();
        let mut characters = inside.char_indices();
        while let Some((position, character)) = characters.next() {
            match character {
                '"' => {
                    self.text = &inside[position + 1..];
                    return Ok(value);
                }
                '\\' => value.push(characters.next().ok_or(Malformed)?.1),
                other => value.push(other),
            }
        }
        Err(Malformed)
    }

    fn token(&mut self) -> &'a str {
        let end = self
            .text
            .find([' ', '\t', ',', ';', '=', '"'])
            .unwrap_or(self.text.len());
        let (token, rest) = self.text.split_at(end);
        self.text = rest;
        token
    }

    fn skip_blanks(&mut self) {
        self.text = self.text.trim_start_matches([' ', '\t']);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(lines: &[&str], expected: Option<&str>) {
        assert_eq!(next(lines.iter().copied()).unwrap().as_deref(), expected);
    }

    #[track_caller]
    fn check_malformed(line: &str) {
        assert_eq!(next([line]), Err(Malformed));
    }

    #[test]
    fn the_target_is_taken_as_it_was_written() {
        check(
            &[r#"</v2/x/tags/list?n=2&last=b>; rel="next""#],
            Some("/v2/x/tags/list?n=2&last=b"),
        );
        check(
            &[r#"<https://r.example/v2/x?c=a%2Cb,c;d>; rel="next""#],
            Some("https://r.example/v2/x?c=a%2Cb,c;d"),
        );
        check(
            &[r#"<?next_page=gAAAAA%3D%3D>; rel="next""#],
            Some("?next_page=gAAAAA%3D%3D"),
        );
        check(&[r#"<>; rel="next""#], Some(""));
    }

    #[test]
    fn a_relation_may_be_written_in_every_way_the_rfc_allows() {
        check(&["<a>;rel=next"], Some("a"));
        check(&["<a> ; REL = NeXt "], Some("a"));
        check(&[r#"<a>; rel="prev next last""#], Some("a"));
        check(&[r#"<a>; rel="n\ext""#], Some("a"));
        check(&[r#"<a>; title="x, y; rel=prev"; rel=next"#], Some("a"));
        check(&["<a>;;; rel=next;"], Some("a"));
        check(&["<a>; flag; rel=next"], Some("a"));
    }

    #[test]
    fn only_the_first_link_that_is_next_counts() {
        check(&["<a>; rel=prev, <b>; rel=next, <c>; rel=next"], Some("b"));
        check(&["<a>; rel=prev", ", <b>; rel=next"], Some("b"));
        check(&["<a>; rel=prev; rel=next"], None);
    }

    #[test]
    fn other_relations_and_other_pages_are_passed_over() {
        check(&[], None);
        check(&[""], None);
        check(&["<a>"], None);
        check(&["<a>; rel=nextish"], None);
        check(&[r##"<a>; rel=next; anchor="#other""##], None);
        check(&[r#"<a>; rel="""#], None);
    }

    #[test]
    fn a_header_that_cannot_be_read_is_not_the_end_of_the_list() {
        check_malformed("a; rel=next");
        check_malformed("<a; rel=next");
        check_malformed("<a> rel=next");
        check_malformed(r#"<a>; rel="next"#);
        check_malformed("<a>; rel=\"next\\");
        check_malformed("<a>; rel=prev, b");
    }

    proptest! {
        #[test]
        fn no_header_makes_the_reader_panic(line in "[<>;,=\"\\\\ \t#rel_next?ü]{0,60}") {
            let _ = next([line.as_str()]);
        }

        #[test]
        fn what_is_written_by_the_rfc_is_read_back(
            target in "[a-z/?=&%;,. ]{0,30}",
            before in "(;? ?;[a-z]{1,5}=(\"[^\"\\\\]{0,9}\"|[a-z]{1,5}))?",
        ) {
            prop_assume!(!before.contains("rel=") && !before.contains("anchor="));
            let line = format!("<{target}>{before}; rel=\"next\"");
            prop_assert_eq!(next([line.as_str()]), Ok(Some(target)));
        }
    }

    #[test]
    fn a_header_of_many_empty_links_is_read_in_one_go() {
        let long = format!("{}<b>;rel=next", "<a>;;;,".repeat(100_000));
        check(&[&long], Some("b"));
    }
}
