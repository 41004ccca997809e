//! Helm's rules for metadata.

use std::collections::HashSet;

use portolan_reference::Version;

use super::draft::{Draft, some};
use super::problem::Problem;
use super::{ChartMetadata, Dependency, Maintainer};

impl Draft {
    /// Judge the metadata as Helm does ([`Metadata.Validate`][1]), and tidy its texts.
    ///
    /// [1]: https://github.com/helm/helm/blob/v4.3.1/pkg/chart/v2/metadata.go
    pub(crate) fn finish(self) -> Result<ChartMetadata, Problem> {
        let mut metadata = self.metadata;
        tidy_metadata(&mut metadata);
        check_name(&metadata.name)?;
        if metadata.version.is_empty() {
            return Err(Problem::Missing("version"));
        }
        if Version::loose(&metadata.version).is_err() {
            return Err(Problem::Version(metadata.version));
        }
        if let Some(other) = &metadata.chart_type
            && !matches!(other.as_str(), "application" | "library")
        {
            return Err(Problem::ChartType(other.clone()));
        }
        metadata.maintainers = present("maintainers", self.maintainers)?;
        metadata.maintainers.iter_mut().for_each(tidy_maintainer);
        metadata.dependencies = present("dependencies", self.dependencies)?;
        check_dependencies(&mut metadata.dependencies)?;
        Ok(metadata)
    }
}

/// One part of a path, so that it can name a folder and never leads out of one, on Windows neither.
pub(crate) fn check_name(name: &str) -> Result<(), Problem> {
    if name.is_empty() {
        return Err(Problem::Missing("name"));
    }
    if matches!(name, "." | "..") || name.contains(['/', '\\']) {
        return Err(Problem::Name(name.to_owned()));
    }
    Ok(())
}

fn present<T>(list: &'static str, entries: Vec<Option<T>>) -> Result<Vec<T>, Problem> {
    let entries: Option<Vec<T>> = entries.into_iter().collect();
    entries.ok_or(Problem::NullEntry(list))
}

fn check_dependencies(dependencies: &mut [Dependency]) -> Result<(), Problem> {
    let mut seen = HashSet::new();
    for dependency in dependencies {
        tidy_dependency(dependency);
        if let Some(alias) = &dependency.alias
            && !alias.bytes().all(is_alias_byte)
        {
            return Err(Problem::Alias {
                name: dependency.name.clone(),
                alias: alias.clone(),
            });
        }
        let known_as = dependency.alias.as_ref().unwrap_or(&dependency.name);
        if !seen.insert(known_as.clone()) {
            return Err(Problem::SameDependency(known_as.clone()));
        }
    }
    Ok(())
}

pub(crate) fn is_alias_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn tidy_metadata(metadata: &mut ChartMetadata) {
    tidy(&mut metadata.name);
    for text in [
        &mut metadata.description,
        &mut metadata.home,
        &mut metadata.icon,
        &mut metadata.condition,
        &mut metadata.tags,
        &mut metadata.app_version,
        &mut metadata.kube_version,
    ] {
        tidy_option(text);
    }
    metadata.sources.iter_mut().for_each(tidy);
    metadata.keywords.iter_mut().for_each(tidy);
}

pub(crate) fn tidy_maintainer(maintainer: &mut Maintainer) {
    for text in [
        &mut maintainer.name,
        &mut maintainer.email,
        &mut maintainer.url,
    ] {
        tidy_option(text);
    }
}

pub(crate) fn tidy_dependency(dependency: &mut Dependency) {
    tidy(&mut dependency.name);
    tidy_option(&mut dependency.version);
    tidy(&mut dependency.repository);
    tidy_option(&mut dependency.condition);
    dependency.tags.iter_mut().for_each(tidy);
}

fn tidy_option(text: &mut Option<String>) {
    *text = text.take().and_then(|mut text| {
        tidy(&mut text);
        some(text)
    });
}

/// Any white space becomes a blank; what cannot be printed goes, so that a description cannot
/// drive the terminal it is shown on.
pub(crate) fn tidy(text: &mut String) {
    // Without an exit from the loop it is done in wide steps.
    let is_plain = |plain, byte| plain & matches!(byte, b' '..=b'~');
    if text.bytes().fold(true, is_plain) {
        return;
    }
    *text = text
        .chars()
        .map(|character| {
            if character.is_whitespace() {
                ' '
            } else {
                character
            }
        })
        .filter(|character| *character == ' ' || is_printable(*character))
        .collect();
}

/// Whether `character` leaves ink: a letter, mark, number, punctuation or symbol.
///
/// The standard library knows when it escapes text for debugging. It also escapes marks that begin
/// a text, hence the letter in front.
fn is_printable(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_graphic();
    }
    let text: String = ['a', character].into_iter().collect();
    text.escape_debug().nth(1) == Some(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut text = text.to_owned();
        tidy(&mut text);
        assert_eq!(text, expected);
    }

    #[test]
    fn white_space_becomes_blanks_and_what_cannot_be_printed_goes() {
        check("a b", "a b");
        check("a\tb\nc\u{a0}d\u{2028}e", "a b c d e");
        check("\u{1b}[31mred\u{7}", "[31mred");
        check("zero\u{200b}width\u{202e}", "zerowidth");
        check("quote \" and \\ stay", "quote \" and \\ stay");
    }

    #[test]
    fn letters_marks_and_symbols_of_any_script_stay() {
        check("Größe 数 e\u{301} 🚢 ½ ‽", "Größe 数 e\u{301} 🚢 ½ ‽");
        check("\u{301}first", "\u{301}first");
    }
}
