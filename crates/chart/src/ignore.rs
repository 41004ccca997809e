//! What a chart directory leaves out: `.helmignore`.
//!
//! The rules look like git's and are not ([Helm documentation][1], [source][2]): they are tried in
//! order and the first that hits decides; a rule with `!` drops what it does **not** match, and
//! brings nothing back that an earlier rule dropped; there is no `**`.
//!
//! [1]: https://helm.sh/docs/chart_template_guide/helm_ignore_file/
//! [2]: https://github.com/helm/helm/blob/v4.3.1/pkg/ignore/rules.go

mod glob;

use self::glob::Glob;

/// Dotfiles in `templates/` are left out whatever else is said.
const DEFAULT_RULE: &str = "templates/.?*";

/// The rules of a `.helmignore` file, and the default one.
#[derive(Debug)]
pub(crate) struct Rules(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    glob: Glob,
    /// Begins with `!`: drops what does not match.
    inverted: bool,
    /// Ends with `/`: for directories.
    directories_only: bool,
    /// Without any other `/`: matches the last part of a path.
    by_name: bool,
}

impl Rules {
    /// Read the rules in `text`, one a line.
    pub(crate) fn parse(text: &str) -> Result<Self, RuleError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut rules = Vec::new();
        for (index, line) in text.lines().chain([DEFAULT_RULE]).enumerate() {
            let rule = line.trim();
            if rule.is_empty() || rule.starts_with('#') {
                continue;
            }
            rules.push(Rule::parse(rule).map_err(|reason| RuleError {
                line: index + 1,
                rule: rule.to_owned(),
                reason,
            })?);
        }
        Ok(Self(rules))
    }

    /// Whether the file or directory at `path`, relative to the chart, is left out.
    pub(crate) fn ignore(&self, path: &str, is_directory: bool) -> bool {
        for rule in &self.0 {
            let applies = is_directory || !rule.directories_only;
            let hit = applies && rule.matches(path);
            if hit != rule.inverted {
                return true;
            }
        }
        false
    }
}

impl Rule {
    fn parse(rule: &str) -> Result<Self, &'static str> {
        if rule.contains("**") {
            return Err("`**` is not supported");
        }
        let (inverted, rule) = take(rule.strip_prefix('!'), rule);
        let (directories_only, rule) = take(rule.strip_suffix('/'), rule);
        let (rooted, rule) = take(rule.strip_prefix('/'), rule);
        Ok(Self {
            glob: Glob::parse(rule).ok_or("its brackets or backslashes are not closed")?,
            inverted,
            directories_only,
            by_name: !(rooted || rule.contains('/')),
        })
    }

    fn matches(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.glob.matches(if self.by_name { name } else { path })
    }
}

fn take<'a>(stripped: Option<&'a str>, rule: &'a str) -> (bool, &'a str) {
    (stripped.is_some(), stripped.unwrap_or(rule))
}

/// Why a `.helmignore` file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, `{}`: {reason}", rule.escape_debug())]
pub(crate) struct RuleError {
    line: usize,
    rule: String,
    reason: &'static str,
}

#[cfg(test)]
mod tests;
