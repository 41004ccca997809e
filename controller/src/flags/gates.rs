//! Feature gates.

use std::collections::BTreeMap;

/// The gates that are known, and what is said of one that is set.
const GATES: &[(&str, &str)] = &[
    (
        "CacheSecretsAndConfigMaps",
        "has no effect: Secrets are read when they are needed, and never kept",
    ),
    (
        "ObjectLevelWorkloadIdentity",
        "is retired and has no effect, as in source-controller 1.10",
    ),
];

/// Which features were switched, as in `--feature-gates=Name=true,Other=false`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FeatureGates(BTreeMap<&'static str, bool>);

impl FeatureGates {
    /// A sentence for each gate that was set.
    pub(crate) fn remarks(&self) -> impl Iterator<Item = String> {
        self.0.keys().filter_map(|name| {
            let (_, remark) = GATES.iter().find(|(known, _)| known == name)?;
            Some(format!("the feature gate {name} {remark}"))
        })
    }
}

/// `Name=true,Other=false`.
pub(super) fn parse(text: &str) -> Result<FeatureGates, String> {
    let mut gates = BTreeMap::new();
    for pair in text.split(',').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| format!("NAME=true or NAME=false is expected, not `{pair}`"))?;
        let (name, _) = GATES
            .iter()
            .find(|(known, _)| *known == name.trim())
            .ok_or_else(|| format!("there is no feature gate `{}`", name.trim()))?;
        gates.insert(*name, super::parse::boolean(value.trim())?);
    }
    Ok(FeatureGates(gates))
}
