//! What cannot be built from a pinned module, and is taken by its path.

use std::env;
use std::fs;
use std::path::PathBuf;

/// Flux's helm-controller.
///
/// # Errors
///
/// A sentence that says what to set.
pub fn helm_controller() -> Result<PathBuf, String> {
    let path = env::var_os("PORTOLAN_HELM_CONTROLLER").ok_or(
        "PORTOLAN_HELM_CONTROLLER is not set: set it to the path of Flux's helm-controller, v1.6",
    )?;
    let path = PathBuf::from(path);
    if path.is_file() {
        Ok(path)
    } else {
        let path = path.display();
        Err(format!("PORTOLAN_HELM_CONTROLLER: there is no file {path}"))
    }
}

/// The custom resources of Flux, each file as its text.
///
/// # Errors
///
/// A sentence that says what to set.
pub fn flux_resources() -> Result<Vec<String>, String> {
    let folders = env::var_os("PORTOLAN_FLUX_CRDS").ok_or(
        "PORTOLAN_FLUX_CRDS is not set: set it to the folder, or folders joined by ':', that have Flux's custom \
         resources as YAML",
    )?;
    let mut found = Vec::new();
    for folder in env::split_paths(&folders) {
        let told = |error| format!("PORTOLAN_FLUX_CRDS: {}: {error}", folder.display());
        for entry in fs::read_dir(&folder).map_err(told)? {
            let path = entry.map_err(told)?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "yaml")
            {
                found.push(fs::read_to_string(&path).map_err(told)?);
            }
        }
    }
    Ok(found)
}
