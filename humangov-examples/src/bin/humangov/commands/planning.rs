// SPDX-License-Identifier: MIT OR Apache-2.0
//! What `plan`, `apply`, `destroy` and `graph` share: opening a session, declaring, planning, plans in files.

use crate::{
    cli::Global,
    config::Config,
    declare,
    exit::Exit,
    output::{Failure, Output, document},
    session::{Session, Site},
};
use humangov_core::{
    fleet::{Fleet, FleetPlan, FleetPlanOptions},
    tenant::Tenant,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{fs, io, path::Path};

/// A plan, and where it may be executed.
#[derive(Debug, Serialize, Deserialize)]
pub struct SavedPlan {
    /// What this file is, so that no other JSON is taken for it.
    pub file: String,
    /// The version of this file's format.
    pub format_version: u32,
    /// The account it was made for.
    pub account: String,
    /// The region it was made for.
    pub region: String,
    /// The plan.
    pub plan: FleetPlan,
}

const FILE: &str = "humangov plan";

impl SavedPlan {
    /// A plan made in `session`.
    pub fn new(session: &Session, plan: FleetPlan) -> Self {
        Self {
            file: FILE.to_owned(),
            format_version: crate::output::FORMAT_VERSION,
            account: session.identity.account.clone(),
            region: session.region.clone(),
            plan,
        }
    }

    /// Writes it to a new file beside and renames that, so that no half plan is ever there.
    pub fn save(&self, path: &Path) -> Result<(), Failure> {
        let write = || -> io::Result<()> {
            let text = serde_json::to_vec_pretty(self)?;
            let mut beside = path.as_os_str().to_owned();
            beside.push(".new");
            fs::write(&beside, text)?;
            fs::rename(&beside, path)
        };
        write().map_err(|error| {
            Failure::new(
                Exit::Error,
                "cli.plan_file",
                format!("the plan could not be written to {}: {error}", path.display()),
            )
        })
    }

    /// Reads a plan, which must be for `session`'s account and region.
    pub fn load(path: &Path, session: &Session) -> Result<FleetPlan, Failure> {
        let refused = |why: String| Failure::refused("cli.plan_file", format!("{}: {why}", path.display()));
        let text = fs::read(path).map_err(|error| refused(format!("cannot be read: {error}")))?;
        let saved: Self =
            serde_json::from_slice(&text).map_err(|error| refused(format!("is no saved plan: {error}")))?;
        if saved.file != FILE || saved.format_version > crate::output::FORMAT_VERSION {
            return Err(refused("is no plan that this version can read".to_owned()));
        }
        if (saved.account.as_str(), saved.region.as_str())
            != (session.identity.account.as_str(), session.region.as_str())
        {
            let here = format!("account {} and {}", session.identity.account, session.region);
            return Err(refused(format!(
                "was made for account {} and {}, not for {here}",
                saved.account, saved.region
            )));
        }
        Ok(saved.plan)
    }
}

/// Opens a session and says where we are.
pub async fn open(global: &Global, config: &Config, output: Output) -> Result<Session, Failure> {
    open_at(global, &Site::from(config), output).await
}

/// The same where there may be no configuration.
pub async fn open_at(global: &Global, site: &Site, output: Output) -> Result<Session, Failure> {
    let session = Session::open(global, site).await?;
    output.note(&session.header());
    output.note("");
    Ok(session)
}

/// The base and these states, as the configuration wants them.
pub async fn declared(session: &Session, config: &Config, states: &[Tenant]) -> Result<Fleet, Failure> {
    let network =
        if declare::needs_network(config, states) { Some(session.network(config).await?) } else { None };
    declare::fleet(config, session, network.as_ref(), states)
}

/// Plans the base and these states.
pub async fn planned(session: &Session, fleet: &Fleet, refresh: bool) -> Result<FleetPlan, Failure> {
    let mut options = FleetPlanOptions::default();
    options.refresh = refresh;
    Ok(fleet.plan(&session.registry, &*session.store, &options).await?)
}

/// A plan as a document.
pub fn plan_document(plan: &FleetPlan, session: &Session) -> Value {
    document(json!({
        "account": session.identity.account,
        "region": session.region,
        "no_op": plan.is_no_op(),
        "summary": plan.summary(),
        "plans": plan.plans,
        "calls": session.calls(),
    }))
}
