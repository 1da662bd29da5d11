// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Session`]: the account and region that a command works in, its clients and its store.

mod counting;
pub mod sandbox;

use crate::{
    cli::Global,
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
    store::{FileStore, StateStore},
};
use std::{path::PathBuf, sync::Arc, time::Duration};

/// An account and region, its clients and its store.
#[derive(Debug, Clone)]
pub struct Session {
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
    directory: PathBuf,
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
    pub async fn open(global: &Global, config: &Config) -> Result<Self, Failure> {
        let calls = CallCount::default();
        let sandbox =
            global.sandbox.as_deref().map(|path| sandbox::open(path, global, config)).transpose()?;
        let sdk = match &sandbox {
            Some(sandbox) => sandbox::sdk_config(sandbox, &calls),
            None => Self::sdk_config(global, config, &calls).await,
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
        if let Some(wanted) = config.fleet.account.as_ref().filter(|wanted| **wanted != identity.account) {
            let message = format!(
                "these credentials are of account {}, the configuration is for {wanted}",
                identity.account
            );
            return Err(Failure::refused("session.wrong_account", message)
                .hint("choose another --profile, or change fleet.account"));
        }
        let records = global.sandbox.as_deref().map_or_else(|| PathBuf::from(".humangov"), sandbox::records);
        let directory = records.join(config.fleet.name.as_str()).join(&identity.account).join(&region);
        Ok(Self {
            registry: humangov_aws::registry(&clients),
            store: Arc::new(FileStore::new(&directory)),
            endpoint_url: sdk.endpoint_url().map(str::to_owned),
            sandbox: global.sandbox.clone(),
            profile: global.profile.clone().or_else(|| std::env::var("AWS_PROFILE").ok()),
            region,
            identity,
            clients,
            calls,
            directory,
        })
    }

    /// The configuration of the SDK's clients.
    async fn sdk_config(global: &Global, config: &Config, calls: &CallCount) -> SdkConfig {
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
        if let Some(region) = global.region.as_ref().or(config.fleet.region.as_ref()) {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(endpoint) = &global.endpoint_url {
            loader = loader.endpoint_url(endpoint);
        }
        loader.load().await
    }

    /// Where we are, in one line.
    pub fn header(&self) -> String {
        if let Some(sandbox) = &self.sandbox {
            return format!(
                "humangov · sandbox {} · account {} · {}",
                sandbox.display(),
                self.identity.account,
                self.region
            );
        }
        let mut parts = vec![format!("humangov · account {} · {}", self.identity.account, self.region)];
        parts.extend(self.profile.as_ref().map(|profile| format!("profile {profile}")));
        parts.extend(self.endpoint_url.as_ref().map(|endpoint| format!("endpoint {endpoint}")));
        parts.push(format!("store file:{}", self.directory.iter().next().unwrap_or_default().display()));
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
    pub fn executor(&self, concurrency: usize, timeout: Option<Duration>) -> Executor {
        let mut options = ExecOptions::default();
        options.concurrency = concurrency;
        if let Some(timeout) = timeout {
            options.step_timeout = timeout;
        }
        Executor::with_options(self.registry.clone(), Arc::clone(&self.store), options)
    }
}
