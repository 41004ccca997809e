//! You have a chart in a folder that depends on others, and want one package with all of them in it, and
//! to know what was taken from where.

#![expect(clippy::print_stdout, reason = "it tells a story")]

use std::fs;

use anyhow::{Context, Result, ensure};
use portolan_acquire::{Acquirer, AnonymousRepositories, Limits, PackageOptions, Recipe};
use portolan_auth::Transport;
use portolan_kit::{WebServer, chart_archive};

#[tokio::main]
async fn main() -> Result<()> {
    // A chart repository is a web server with an index.
    let web = WebServer::start().await;
    web.put(
        "/charts/db-1.4.0.tgz",
        "application/gzip",
        chart_archive("db", "1.4.0"),
    );
    web.put(
        "/charts/index.yaml",
        "text/yaml",
        "apiVersion: v1\nentries:\n  db:\n  - {name: db, version: 1.4.0, urls: [db-1.4.0.tgz]}\n",
    );

    // The chart that somebody works on: one dependency is in the repository, one beside it.
    let folder = tempfile::tempdir()?;
    let write = |path: &str, text: &str| -> Result<()> {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().context("it has a folder")?)?;
        Ok(fs::write(path, text)?)
    };
    write(
        "lib/Chart.yaml",
        "apiVersion: v2\nname: lib\nversion: 0.1.0\n",
    )?;
    write("app/values.yaml", "size: 1\n")?;
    write("app/production.yaml", "size: 3\n")?;
    write(
        "app/Chart.yaml",
        &format!(
            "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n\
             - {{name: db, version: ^1.2, repository: \"{}\"}}\n\
             - {{name: lib, version: '*', repository: file://../lib}}\n",
            web.url("/charts")
        ),
    )?;

    let acquirer = Acquirer::new(Transport::builder().build()?, Limits::default());
    let options = PackageOptions {
        recipe: Recipe::new().values_files(["values.yaml", "production.yaml"]),
        ..PackageOptions::default()
    };
    let app = folder.path().join("app");
    let repositories = AnonymousRepositories::default();
    let packaged = acquirer
        .package(&app, folder.path(), &options, &repositories)
        .await?;
    println!("packaged: {}", packaged.path.display());
    for taken in &packaged.dependencies {
        println!("  {taken}");
    }
    ensure!(packaged.dependencies.len() == 2, "both were brought");
    ensure!(!app.join("charts").exists(), "the folder stays as it was");
    Ok(())
}
