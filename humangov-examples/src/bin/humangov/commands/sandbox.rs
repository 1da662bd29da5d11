// SPDX-License-Identifier: MIT OR Apache-2.0
//! `humangov sandbox`.

use super::block_on;
use crate::{
    cli::{Global, SANDBOX, Sandbox as Args, SandboxCommand, SandboxReset, SandboxServe, Timing},
    exit::Exit,
    output::{Failure, Output, STRONG, document, say},
    session::sandbox::{failure, inject, options, records_directory},
};
use humangov_aws::sandbox::Sandbox;
use serde_json::json;
use std::{collections::BTreeMap, fmt::Write, fs, io, path::Path};
use tokio::net::TcpListener;

/// Looks after the sandbox.
pub fn run(args: &Args, global: &Global, output: Output) -> Result<Exit, Failure> {
    let path = global.sandbox.as_deref().unwrap_or(Path::new(SANDBOX));
    match &args.command {
        SandboxCommand::Reset(args) => reset(args, path, output),
        SandboxCommand::Show => show(path, global, output),
        SandboxCommand::Serve(args) => block_on(serve(args, path, global, output)),
    }
}

/// Makes an empty account where there may be another. What was recorded of that goes first: a record without its account would
/// say that all was deleted outside; the other way round everything is found again.
fn reset(args: &SandboxReset, path: &Path, output: Output) -> Result<Exit, Failure> {
    // Nobody else may be at work in it. One that is damaged is replaced all the same.
    match Sandbox::open(path, &options(args.timing)) {
        Err(error) if error.is_busy() => return Err(failure(&error)),
        _ => {}
    }
    let failed = |error: io::Error| {
        Failure::new(Exit::Error, "sandbox.io", format!("the sandbox could not be reset: {error}"))
    };
    for gone in [fs::remove_dir_all(records_directory(path)), fs::remove_file(path)] {
        match gone {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    let sandbox = Sandbox::open(path, &options(args.timing)).map_err(|error| failure(&error))?;
    sandbox.save().map_err(|error| failure(&error))?;
    let told =
        format!("An empty account is in {}.\nNext: humangov apply --sandbox california", path.display());
    output.result(&told, || document(json!({ "sandbox": path, "account": sandbox.account() })))?;
    Ok(Exit::Ok)
}

fn show(path: &Path, global: &Global, output: Output) -> Result<Exit, Failure> {
    let sandbox = existing(path, global)?;
    let resources = sandbox.resources();
    let mut text =
        format!("sandbox {} · account {} · {}\n", path.display(), sandbox.account(), sandbox.region());
    let mut by_stack: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for resource in &resources {
        let stack = resource.tags.get("humangov:stack").map_or("", String::as_str);
        by_stack.entry(stack).or_default().push(resource);
    }
    for (stack, resources) in by_stack {
        let _ =
            writeln!(text, "\n{STRONG}{}{STRONG:#}", if stack.is_empty() { "of no stack" } else { stack });
        for resource in resources {
            let _ = writeln!(text, "  {:<24} {}", resource.kind, resource.name);
        }
    }
    let _ = write!(text, "\n{} resources", resources.len());
    output.result(&text, || {
        document(json!({ "sandbox": path, "account": sandbox.account(), "region": sandbox.region(), "resources": resources }))
    })?;
    Ok(Exit::Ok)
}

async fn serve(args: &SandboxServe, path: &Path, global: &Global, output: Output) -> Result<Exit, Failure> {
    let sandbox = existing(path, global)?;
    let failed = |error: io::Error| {
        Failure::refused("sandbox.port", format!("port {} cannot be used: {error}", args.port))
            .hint("give another one with --port")
    };
    let listener = TcpListener::bind(("127.0.0.1", args.port)).await.map_err(failed)?;
    let url = format!("http://{}", listener.local_addr().map_err(failed)?);
    let told = format!(
        "The sandbox {} is served on {url} until Ctrl-C. Any credentials will do:\n\n  \
         AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x AWS_REGION={} aws --endpoint-url {url} ecs list-clusters",
        path.display(),
        sandbox.region()
    );
    output.result(&told, || document(json!({ "url": url })))?;
    tokio::select! {
        served = sandbox.serve(listener) => {
            served.map_err(|error| Failure::new(Exit::Error, "sandbox.port", format!("the server stopped: {error}")))?;
        }
        _ = tokio::signal::ctrl_c() => say("\nStopped."),
    }
    sandbox.save().map_err(|error| failure(&error))?;
    Ok(Exit::Ok)
}

/// The sandbox at `path`, made if there is none.
fn existing(path: &Path, global: &Global) -> Result<Sandbox, Failure> {
    let mut options = options(Timing::Brisk);
    if let Some(region) = &global.region {
        options.region.clone_from(region);
    }
    let sandbox = Sandbox::open(path, &options).map_err(|error| failure(&error))?;
    inject(&sandbox, global)?;
    Ok(sandbox)
}
