//! One field of a `Chart.yaml`, changed where it stands.

use std::collections::BTreeMap;

use crate::yaml::{Node, first_document_end, write, write_text};

/// `yaml` with `value` for `field`, one of those at the top; nothing if it is no map.
///
/// What comes out says the same as before but for that field, which is known by reading it again.
pub(super) fn with_field(yaml: &[u8], field: &str, value: &str) -> Option<Vec<u8>> {
    let Ok(Node::Map(mut wanted)) = Node::parse(yaml) else {
        return None;
    };
    set(&mut wanted, field, value);
    let wanted = Node::Map(wanted);
    let says_it = |yaml: &String| Node::parse(yaml.as_bytes()).is_ok_and(|node| node == wanted);
    let text = std::str::from_utf8(yaml).ok()?;
    let edited = in_place(text, field, value).filter(says_it);
    let edited = edited.or_else(|| Some(write(&wanted)).filter(says_it));
    edited.map(String::into_bytes)
}

/// Set the field in every spelling there is, since the later of two counts.
fn set(map: &mut BTreeMap<String, Node>, field: &str, value: &str) {
    let mut found = false;
    for (key, node) in map.iter_mut() {
        if key.eq_ignore_ascii_case(field) {
            *node = Node::Text(value.to_owned());
            found = true;
        }
    }
    if !found {
        map.insert(field.to_owned(), Node::Text(value.to_owned()));
    }
}

/// `text` with the value exchanged on the lines where `field` begins, or with a line more below the
/// version.
fn in_place(text: &str, field: &str, value: &str) -> Option<String> {
    let (document, rest) = text.split_at(first_document_end(text));
    let value = write_text(value);
    let mut edited = String::with_capacity(text.len() + value.len());
    let mut found = false;
    for line in document.split_inclusive('\n') {
        match value_of(line, field) {
            Some((from, to)) => {
                found = true;
                edited.extend([&line[..from], &value, &line[to..]]);
            }
            None => edited.push_str(line),
        }
    }
    if !found {
        edited.clear();
        for line in document.split_inclusive('\n') {
            edited.push_str(line);
            if value_of(line, "version").is_some() && !found {
                found = true;
                let end = if line.ends_with("\r\n") { "\r\n" } else { "\n" };
                let begin = if line.ends_with('\n') { "" } else { "\n" };
                edited.extend([begin, field, ": ", &value, end]);
            }
        }
    }
    edited.push_str(rest);
    found.then_some(edited)
}

/// From where to where the value stands on `line`, if `field` begins there, at the margin.
fn value_of(line: &str, field: &str) -> Option<(usize, usize)> {
    let line = line.trim_end_matches(['\n', '\r']);
    let (key, rest) = match line.as_bytes().first()? {
        quote @ (b'"' | b'\'') => line[1..].split_once(char::from(*quote))?,
        _ => line.split_at(line.find([':', ' ', '\t'])?),
    };
    if !key.eq_ignore_ascii_case(field) {
        return None;
    }
    let value = rest.trim_start().strip_prefix(':')?;
    if !value.starts_with([' ', '\t']) {
        return None;
    }
    let value = value.trim_start();
    let from = line.len() - value.len();
    let length = if let Some(quote) = value.chars().next().filter(|first| "\"'".contains(*first)) {
        // A quote inside of the quotes makes this wrong, which shows when it is read again.
        value[1..].find(quote)? + 2
    } else {
        let comment = value.find(" #").or_else(|| value.find("\t#"));
        value[..comment.unwrap_or(value.len())].trim_end().len()
    };
    Some((from, from + length))
}
