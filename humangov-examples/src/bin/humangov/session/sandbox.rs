// SPDX-License-Identifier: MIT OR Apache-2.0
//! A session in a sandbox instead of AWS.

use super::{
    Site, StoreUrl,
    counting::{CallCount, Counting},
    retries, timeouts,
};
use crate::{
    cli::{Global, Timing},
    exit::Exit,
    output::{Failure, chain},
};
use aws_types::SdkConfig;
use humangov_aws::sandbox::{Fault, Sandbox, SandboxError, SandboxOptions, Timings};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where the records of what is in the sandbox at `path` are: beside it, so that they go with it.
pub fn records(path: &Path) -> StoreUrl {
    StoreUrl::File(records_directory(path))
}

/// The directory of [`records`].
pub fn records_directory(path: &Path) -> PathBuf {
    let mut records = path.as_os_str().to_owned();
    records.push(".store");
    records.into()
}

/// What a new sandbox is like.
pub fn options(timing: Timing) -> SandboxOptions {
    match timing {
        Timing::AwsLike => SandboxOptions::aws_like(),
        Timing::Brisk => {
            let mut options = SandboxOptions::default();
            options.timings = Timings::brisk();
            options
        }
        Timing::Instant => SandboxOptions::default(),
    }
}

/// Opens the sandbox at `path`, or makes it: of the configuration's account and region.
pub fn open(path: &Path, global: &Global, site: &Site) -> Result<Sandbox, Failure> {
    let mut options = options(Timing::Brisk);
    if let Some(account) = &site.account {
        options.account.clone_from(account);
    }
    if let Some(region) = global.region.as_ref().or(site.region.as_ref()) {
        options.region.clone_from(region);
    }
    let sandbox = Sandbox::open(path, &options).map_err(|error| failure(&error))?;
    inject(&sandbox, global)?;
    Ok(sandbox)
}

/// Has calls to the sandbox go wrong, as far as the flag says so.
pub fn inject(sandbox: &Sandbox, global: &Global) -> Result<(), Failure> {
    if let Some(path) = &global.sandbox_faults {
        for fault in faults(path)? {
            sandbox.inject(fault);
        }
    }
    Ok(())
}

fn faults(path: &Path) -> Result<Vec<Fault>, Failure> {
    let refused = |why: String| Failure::refused("sandbox.faults", format!("{}: {why}", path.display()));
    let text = fs::read(path).map_err(|error| refused(format!("cannot be read: {error}")))?;
    serde_json::from_slice(&text).map_err(|error| {
        refused(format!("is no list of faults: {error}"))
            .hint("write a list such as [{\"operation\": \"CreateService\", \"times\": 1, \"kind\": \"lost_answer\"}]")
    })
}

/// The configuration of clients that talk to the sandbox and nothing else, counted as calls to AWS are.
pub(super) fn sdk_config(sandbox: &Sandbox, calls: &CallCount) -> SdkConfig {
    let http = Counting::new(sandbox.http_client(), calls.clone());
    let config = sandbox.sdk_config().into_builder();
    config
        .http_client(aws_smithy_runtime_api::client::http::SharedHttpClient::new(http))
        .retry_config(retries())
        .timeout_config(timeouts())
        .build()
}

/// A sandbox that cannot be had.
pub fn failure(error: &SandboxError) -> Failure {
    if error.is_busy() {
        Failure::new(Exit::Locked, error.code(), error.to_string())
            .hint("wait for the other command, or name another file with --sandbox=FILE")
    } else {
        Failure::refused(error.code(), chain(error)).hint("humangov sandbox reset begins anew")
    }
}
