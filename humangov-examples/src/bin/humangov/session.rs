// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Session`]: the account and region that a command works in, its clients and its store.

mod counting;
pub mod sandbox;
mod site;

pub use humangov_aws::store::StoreUrl;
pub use site::Site;

use crate::{
    cli::{Global, RunFlags},
    config::Config,
    exit::Exit,
    output::{Failure, chain, failed_call},
};
use aws_config::{BehaviorVersion, Region, retry::RetryConfig, timeout::TimeoutConfig};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_types::SdkConfig;
use counting::{CallCount, Counting};
use humangov_aws::{Clients, Identity, Network, caller_identity};
use humangov_core::{
    exec::{ExecOptions, Executor},
    handler::Registry,
    names::FleetName,
    store::StateStore,
};
use std::{path::PathBuf, sync::Arc, time::Duration};

/// An account and region, its clients and its store.
#[derive(Debug, Clone)]
pub struct Session {
    /// The fleet.
    pub fleet: FleetName,
    /// The region.
    pub region: String,
    /// Whose credentials these are.
    pub identity: Identity,
    /// The SDK's clients.
    pub clients: Clients,
    /// The handlers over them.
    pub registry: Registry,
    /// What is recorded.
    pub store: Arc<dyn StateStore>,
    calls: CallCount,
    state: StoreUrl,
    profile: Option<String>,
    endpoint_url: Option<String>,
    sandbox: Option<PathBuf>,
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(30))
        .build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(5)
}

impl Session {
    /// Finds region and credentials, and asks AWS whose they are: one call. Or opens the sandbox.
    pub async fn open(global: &Global, site: &Site) -> Result<Self, Failure> {
        let calls = CallCount::default();
        let sandbox = global.sandbox.as_deref().map(|path| sandbox::open(path, global, site)).transpose()?;
        let sdk = match &sandbox {
            Some(sandbox) => sandbox::sdk_config(sandbox, &calls),
            None => Self::sdk_config(global, site, &calls).await,
        };
        let Some(region) = sdk.region().map(ToString::to_string) else {
            return Err(Failure::refused("session.no_region", "no region is set").hint(
                "set fleet.region in the configuration, --region, AWS_REGION, or the profile's region",
            ));
        };
        let clients = Clients::new(&sdk);
        let identity = caller_identity(&clients.sts).await.map_err(|error| {
            let call = failed_call("", "credentials", &(&error).into());
            Failure::new(
                Exit::Error,
                error.code(),
                format!("could not tell whose the credentials are\n{call}"),
            )
        })?;
        if let Some(wanted) = site.account.as_ref().filter(|wanted| **wanted != identity.account) {
            let message = format!(
                "these credentials are of account {}, the configuration is for {wanted}",
                identity.account
            );
            return Err(Failure::refused("session.wrong_account", message)
                .hint("choose another --profile, or change fleet.account"));
        }
        let state = site.state(global);
        let fleet = match &site.fleet {
            Some(fleet) => fleet.clone(),
            None => site::only_fleet(&state, &identity.account, &region)?,
        };
        Ok(Self {
            registry: humangov_aws::registry(&clients),
            store: state.open(&sdk, &[fleet.as_str(), &identity.account, &region]),
            endpoint_url: sdk.endpoint_url().map(str::to_owned),
            sandbox: global.sandbox.clone(),
            profile: global.profile.clone().or_else(|| std::env::var("AWS_PROFILE").ok()),
            region,
            identity,
            clients,
            calls,
            state,
            fleet,
        })
    }

    /// The configuration of the SDK's clients.
    async fn sdk_config(global: &Global, site: &Site, calls: &CallCount) -> SdkConfig {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(Counting::new(http, calls.clone()))
            .timeout_config(timeouts())
            .retry_config(retries());
        if let Some(profile) = &global.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = global.region.as_ref().or(site.region.as_ref()) {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(endpoint) = &global.endpoint_url {
            loader = loader.endpoint_url(endpoint);
        }
        loader.load().await
    }

    /// Where we are, in one line.
    pub fn header(&self) -> String {
        let mut parts = vec!["humangov".to_owned()];
        parts.extend(self.sandbox.as_ref().map(|sandbox| format!("sandbox {}", sandbox.display())));
        parts.push(format!("account {}", self.identity.account));
        parts.push(self.region.clone());
        if self.sandbox.is_none() {
            parts.extend(self.profile.as_ref().map(|profile| format!("profile {profile}")));
            parts.extend(self.endpoint_url.as_ref().map(|endpoint| format!("endpoint {endpoint}")));
        }
        // That of a sandbox goes with it.
        if self.sandbox.as_ref().is_none_or(|sandbox| self.state != sandbox::records(sandbox)) {
            parts.push(format!("store {}", self.state));
        }
        parts.join(" · ")
    }

    /// How many calls went to AWS so far, tries counted singly.
    pub fn calls(&self) -> u64 {
        self.calls.get()
    }

    /// The network that the configuration names, or the default one: one call.
    pub async fn network(&self, config: &Config) -> Result<Network, Failure> {
        let found = match &config.network {
            Some(given) => {
                let subnets: Vec<&str> = given.subnets.iter().map(String::as_str).collect();
                Network::given(&self.clients.ec2, &given.vpc_id, &subnets).await
            }
            None => Network::lookup_default(&self.clients.ec2).await,
        };
        found.map_err(|error| Failure::refused(error.code(), chain(&error)))
    }

    /// An executor over this session's handlers and store.
    pub fn executor(&self, settings: &RunFlags) -> Executor {
        let mut options = ExecOptions::default();
        options.concurrency = settings.concurrency;
        options.on_cancel = settings.on_cancel.into();
        if let Some(timeout) = settings.timeout {
            options.step_timeout = timeout;
        }
        Executor::with_options(self.registry.clone(), Arc::clone(&self.store), options)
    }
}
