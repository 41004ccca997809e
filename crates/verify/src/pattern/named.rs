//! Classes that have a name.

use super::class::Class;

/// The general categories that [Go 1.26](https://pkg.go.dev/unicode@go1.26.0#Categories) knows, and
/// their aliases. All mean the same to `regex-syntax`.
const CATEGORIES: [&str; 80] = [
    "C",
    "Casedletter",
    "Cc",
    "Cf",
    "Closepunctuation",
    "Cn",
    "Cntrl",
    "Co",
    "Combiningmark",
    "Connectorpunctuation",
    "Control",
    "Cs",
    "Currencysymbol",
    "Dashpunctuation",
    "Decimalnumber",
    "Digit",
    "Enclosingmark",
    "Finalpunctuation",
    "Format",
    "Initialpunctuation",
    "L",
    "Lc",
    "Letter",
    "Letternumber",
    "Lineseparator",
    "Ll",
    "Lm",
    "Lo",
    "Lowercaseletter",
    "Lt",
    "Lu",
    "M",
    "Mark",
    "Mathsymbol",
    "Mc",
    "Me",
    "Mn",
    "Modifierletter",
    "Modifiersymbol",
    "N",
    "Nd",
    "Nl",
    "No",
    "Nonspacingmark",
    "Number",
    "Openpunctuation",
    "Other",
    "Otherletter",
    "Othernumber",
    "Otherpunctuation",
    "Othersymbol",
    "P",
    "Paragraphseparator",
    "Pc",
    "Pd",
    "Pe",
    "Pf",
    "Pi",
    "Po",
    "Privateuse",
    "Ps",
    "Punct",
    "Punctuation",
    "S",
    "Sc",
    "Separator",
    "Sk",
    "Sm",
    "So",
    "Spaceseparator",
    "Spacingmark",
    "Surrogate",
    "Symbol",
    "Titlecaseletter",
    "Unassigned",
    "Uppercaseletter",
    "Z",
    "Zl",
    "Zp",
    "Zs",
];

/// The [scripts](https://pkg.go.dev/unicode@go1.26.0#Scripts) that Go 1.26 finds. Those of several
/// words are in its tables, but it looks for them without the `_` and does not find them.
const SCRIPTS: [&str; 117] = [
    "Adlam",
    "Ahom",
    "Arabic",
    "Armenian",
    "Avestan",
    "Balinese",
    "Bamum",
    "Batak",
    "Bengali",
    "Bhaiksuki",
    "Bopomofo",
    "Brahmi",
    "Braille",
    "Buginese",
    "Buhid",
    "Carian",
    "Chakma",
    "Cham",
    "Cherokee",
    "Chorasmian",
    "Common",
    "Coptic",
    "Cuneiform",
    "Cypriot",
    "Cyrillic",
    "Deseret",
    "Devanagari",
    "Dogra",
    "Duployan",
    "Elbasan",
    "Elymaic",
    "Ethiopic",
    "Georgian",
    "Glagolitic",
    "Gothic",
    "Grantha",
    "Greek",
    "Gujarati",
    "Gurmukhi",
    "Han",
    "Hangul",
    "Hanunoo",
    "Hatran",
    "Hebrew",
    "Hiragana",
    "Inherited",
    "Javanese",
    "Kaithi",
    "Kannada",
    "Katakana",
    "Kawi",
    "Kharoshthi",
    "Khmer",
    "Khojki",
    "Khudawadi",
    "Lao",
    "Latin",
    "Lepcha",
    "Limbu",
    "Lisu",
    "Lycian",
    "Lydian",
    "Mahajani",
    "Makasar",
    "Malayalam",
    "Mandaic",
    "Manichaean",
    "Marchen",
    "Medefaidrin",
    "Miao",
    "Modi",
    "Mongolian",
    "Mro",
    "Multani",
    "Myanmar",
    "Nabataean",
    "Nandinagari",
    "Newa",
    "Nko",
    "Nushu",
    "Ogham",
    "Oriya",
    "Osage",
    "Osmanya",
    "Palmyrene",
    "Phoenician",
    "Rejang",
    "Runic",
    "Samaritan",
    "Saurashtra",
    "Sharada",
    "Shavian",
    "Siddham",
    "Sinhala",
    "Sogdian",
    "Soyombo",
    "Sundanese",
    "Syriac",
    "Tagalog",
    "Tagbanwa",
    "Takri",
    "Tamil",
    "Tangsa",
    "Tangut",
    "Telugu",
    "Thaana",
    "Thai",
    "Tibetan",
    "Tifinagh",
    "Tirhuta",
    "Toto",
    "Ugaritic",
    "Vai",
    "Vithkuqi",
    "Wancho",
    "Yezidi",
    "Yi",
];

/// The one character that Unicode 15.0 knew and that is of another category since 16.0.
const NOW_SPACING: u32 = 0x1171e;

/// The class that Go calls `name` in `\p{name}`, or all but it. `None` if it knows no such class.
///
/// Blanks, `-`, `_` and case make no difference.
pub(super) fn unicode(name: &str, negated: bool, fold: bool) -> Option<Class> {
    let name = canonical(name);
    let (class, flipped) = match name.as_str() {
        "Any" => (Class::range(0, u32::from(char::MAX)), false),
        "Ascii" => (Class::range(0, 0x7f), false),
        // Told as what has no kind, which has no other case either.
        "Assigned" => (unassigned()?, true),
        "Cn" | "Unassigned" => (unassigned()?, false),
        "C" | "Other" => {
            let mut class = Class::of_table(r"\p{gc=C}")?;
            class.add(&unassigned()?);
            (class, false)
        }
        // No text has one.
        "Cs" | "Surrogate" => (Class::empty(), false),
        "Mc" | "Spacingmark" => {
            let mut class = Class::of_table(r"\p{gc=Mc}")?;
            class.remove(&Class::range(NOW_SPACING, NOW_SPACING));
            (class, false)
        }
        "Mn" | "Nonspacingmark" => {
            let mut class = Class::of_table(r"\p{gc=Mn}")?;
            class.add(&Class::range(NOW_SPACING, NOW_SPACING));
            (class, false)
        }
        // Go has no table of other cases for this one.
        "Lc" | "Casedletter" => {
            return finished(Class::of_table(r"\p{gc=LC}")?, negated, false);
        }
        name if CATEGORIES.binary_search(&name).is_ok() => {
            (Class::of_table(&format!(r"\p{{gc={name}}}"))?, false)
        }
        name if SCRIPTS.binary_search(&name).is_ok() => {
            (Class::of_table(&format!(r"\p{{sc={name}}}"))?, false)
        }
        _ => return None,
    };
    finished(class, negated != flipped, fold)
}

/// `class` with the other cases of its characters if `fold`, and then all but that if `negated`.
/// `None` if there are no tables to tell.
pub(super) fn finished(class: Class, negated: bool, fold: bool) -> Option<Class> {
    let class = if fold { class.folded()? } else { class };
    Some(if negated { class.negated() } else { class })
}

/// What is not known, and what is known to be no character.
fn unassigned() -> Option<Class> {
    let mut class = Class::of_table(r"\p{gc=Cn}")?;
    class.add(&Class::known()?.negated());
    Some(class)
}

/// With a capital first and no other, and without what separates words.
fn canonical(name: &str) -> String {
    let mut canonical = String::with_capacity(name.len());
    for c in name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')) {
        canonical.push(if canonical.is_empty() {
            c.to_ascii_uppercase()
        } else {
            c.to_ascii_lowercase()
        });
    }
    canonical
}

/// The class that is called `name` in `[:name:]`, or all but it if there is a `^` before the name.
/// `None` if there is no such class.
pub(super) fn posix(name: &str, fold: bool) -> Option<Class> {
    let (bare, negated) = match name.strip_prefix('^') {
        Some(bare) => (bare, true),
        None => (name, false),
    };
    let ranges: &[_] = match bare {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\x7f')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\x1f'), ('\x7f', '\x7f')],
        "digit" => &[('0', '9')],
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    };
    finished(Class::ranges(ranges), negated, fold)
}

#[cfg(test)]
mod tests;
