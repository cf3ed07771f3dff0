//! tough as a peer: see ../README.md for the commands.

mod write;

use futures::StreamExt;
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;
use tough::{RepositoryLoader, TargetName};
use url::Url;

pub type Failure = Box<dyn std::error::Error>;

/// Refreshes and downloads every path into a file that is named by its line number.
async fn read(
    root: &str,
    metadata: &str,
    targets: &str,
    out: &str,
    paths: &str,
) -> Result<(), Failure> {
    let (state, files) = (
        Path::new(out).join("metadata"),
        Path::new(out).join("targets"),
    );
    tokio::fs::create_dir_all(&state).await?;
    tokio::fs::create_dir_all(&files).await?;
    let repository = RepositoryLoader::new(
        &tokio::fs::read(root).await?,
        Url::parse(metadata)?,
        Url::parse(targets)?,
    )
    .datastore(state)
    .load()
    .await?;
    for (index, path) in tokio::fs::read_to_string(paths).await?.lines().enumerate() {
        let name = TargetName::new(path)?;
        let mut stream = repository
            .read_target(&name)
            .await?
            .ok_or("TargetNotFound")?;
        let mut bytes = Vec::new();
        while let Some(chunk) = stream.next().await {
            bytes.extend_from_slice(&chunk?);
        }
        tokio::fs::write(files.join(index.to_string()), bytes).await?;
    }
    Ok(())
}

/// The variant of an error is the first word of its debug form; that of a wrapper says less than the one inside.
fn kind(error: &Failure) -> String {
    let word = |text: String| {
        text.split([' ', '{', '('])
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    if let Some(error) = error.downcast_ref::<tough::error::Error>() {
        let outer = word(format!("{error:?}"));
        let inner = std::error::Error::source(error).map(|source| word(format!("{source:?}")));
        return match inner {
            Some(inner) if outer.starts_with("Verify") || outer == "Transport" => {
                format!("{outer}: {inner}")
            }
            _ => outer,
        };
    }
    word(error.to_string())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["read", root, metadata, targets, out, paths] => read(root, metadata, targets, out, paths).await,
        ["write", folder, scenario] => write::write(Path::new(folder), scenario).await,
        _ => Err("Usage: read <root> <metadata url> <targets url> <out> <paths>, or write <folder> <scenario>".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!(
                "{}",
                json!({ "error": kind(&error), "message": error.to_string() })
            );
            ExitCode::FAILURE
        }
    }
}
