// SPDX-License-Identifier: MIT OR Apache-2.0
//! Fills [`Config`] from a file, section by section, and checks what the sections mean together.

mod load_balancer;
mod service;

use super::{
    Alb, Config, ConfigError, Data, Fleet, Iam, Images, Launch, Logs, Network, StateSection, StateSettings,
    Tenants,
    problem::{Place, Problems},
    reader::{Context, Field, Setting, Table},
    syntax,
};
use crate::session::StoreUrl;
use humangov_core::{
    kind::logs::LogGroup,
    names::FleetName,
    resource::Violations,
    tags::Tags,
    tenant::{CustomTenants, ParseTenantErrorKind, Tenant, UsState},
};
use service::ServiceDraft;
use std::collections::{BTreeMap, BTreeSet};
use toml::de::DeTable;

/// The configuration in `source`, the text of `file`.
pub(super) fn config(file: &str, source: &str) -> Result<Config, ConfigError> {
    let (tree, syntax_errors) = DeTable::parse_recoverable(source);
    let context = Context::new(!syntax_errors.is_empty());
    let config = read(&context.root(tree.get_ref()), source);
    context.refuse_unknown();
    let problems = context.problems;
    if !syntax_errors.is_empty() {
        let (syntax, end) = syntax_problems(&syntax_errors, source);
        // What could be read of a line with a syntax error means little, and nothing after the last one understood.
        problems.forget_lines_of(&syntax, source);
        problems.forget_from(end);
        problems.append(syntax);
    }
    problems.into_result(file, source)?;
    config.ok_or_else(|| ConfigError::of_file(file, "is not complete".to_owned()))
}

/// The errors that are none of another's making, one a line; and where an unclosed list begins to swallow the rest.
fn syntax_problems(errors: &[toml::de::Error], source: &str) -> (Problems, usize) {
    let start = |error: &toml::de::Error| error.span().map_or(source.len(), |span| span.start);
    let mut errors: Vec<_> = errors.iter().collect();
    errors.sort_by_key(|error| start(error));
    let unclosed = errors.iter().any(|error| error.message().starts_with("unclosed"));
    let problems = Problems::default();
    let mut last_line = None;
    for error in errors {
        let swallowed = unclosed
            && ["array", "inline table", "unclosed"].iter().any(|what| error.message().contains(what));
        if swallowed {
            problems.add(error.span(), "", "the list or table that was begun before this is not closed");
            return (problems, start(error));
        }
        let line = source[..start(error).min(source.len())].matches('\n').count();
        if last_line.replace(line) != Some(line) {
            problems.add(error.span(), "", plain_words(error.message()));
        }
    }
    (problems, source.len())
}

/// The parser's message, in our words where it is one that people meet.
fn plain_words(message: &str) -> &str {
    match message {
        "duplicate key" => "is there twice",
        _ if message.starts_with("string values must be quoted") => "text must be in quotes",
        _ => message,
    }
}

/// Reads everything; nothing if something required is missing or wrong, which has been told then.
fn read(root: &Table<'_, '_>, source: &str) -> Option<Config> {
    let custom = allow_custom(&root.table("tenants"));
    let states = states(root, custom);
    let fleet = fleet(&root.table("fleet"), source);
    let images_table = root.table("images");
    let images = ImagesDraft::read(&images_table);
    images.require(&images_table);
    let service = ServiceDraft::read(&root.table("service"));
    service.check(root.problems());
    let overrides = overrides(&root.table("overrides"), custom, states.get(), &images, &service);
    let launches: Option<BTreeSet<Launch>> = states.get().map(|states| {
        states
            .iter()
            .filter_map(|state| overrides.launches.get(&state.value).copied().unwrap_or(service.launch()))
            .collect()
    });
    // Only what every state shares may be refused for what every state is.
    let all_external = launches.is_some_and(|all| all.iter().eq([&Launch::External]));
    let load_balancer = load_balancer::read(
        &root.table("load_balancer"),
        all_external,
        fleet.region.get(),
        fleet.account.get(),
    );
    let network = network(&root.table("network"), all_external);
    let data = data(&root.table("data"));
    let logs = logs(&root.table("logs"));
    let iam = iam(&root.table("iam"), fleet.account.get());
    // `state = [..]` is `states` misspelt.
    let url = root.section("state").and_then(|state| state.text("url", str::parse::<StoreUrl>).into_value());
    let state = StateSection { url };
    if load_balancer.alb() == Alb::Shared
        && let Some(states) = states.get()
    {
        refuse_equal_priorities(root, states);
    }
    Some(Config {
        states: states.into_value()?.into_iter().map(|state| state.value).collect(),
        fleet: Fleet {
            name: fleet.name.into_value()?,
            region: fleet.region.into_value(),
            account: fleet.account.into_value(),
            tags: fleet.tags,
        },
        tenants: Tenants { allow_custom: custom == CustomTenants::Allowed },
        images: images.resolve()?,
        service: service.resolve(),
        load_balancer,
        network,
        data,
        logs,
        iam,
        state,
        overrides: overrides.settings,
    })
}

fn allow_custom(table: &Table<'_, '_>) -> CustomTenants {
    let allowed = table.flag("allow_custom");
    // Where the setting itself is wrong, nothing should be said of the tenants it may have meant to allow.
    if allowed.is_bad() || allowed.get() == Some(&true) {
        CustomTenants::Allowed
    } else {
        CustomTenants::Refused
    }
}

fn tenant(text: &str, custom: CustomTenants) -> Result<Tenant, String> {
    Tenant::parse(text, custom).map_err(|error| match error.kind() {
        ParseTenantErrorKind::Unknown => format!("{error} (other tenants: tenants.allow_custom = true)"),
        _ => error.to_string(),
    })
}

/// An entry of `states`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Listed {
    /// The fifty.
    All,
    One(Tenant),
}

impl std::fmt::Display for Listed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::One(tenant) => tenant.fmt(f),
        }
    }
}

fn states(root: &Table<'_, '_>, custom: CustomTenants) -> Setting<Vec<Field<Tenant>>> {
    let listed = root.texts("states", |text| match text {
        "all" => Ok(Listed::All),
        text => tenant(text, custom).map(Listed::One),
    });
    let all = listed.get().is_some_and(|listed| listed.iter().any(|listed| listed.value == Listed::All));
    let states = listed.map(|listed| {
        let each = |Field { value, place }: Field<Listed>| match value {
            Listed::One(tenant) => {
                if all && matches!(tenant, Tenant::State(_)) {
                    root.problems().at(&place, format!("{tenant} is one of all already"));
                }
                vec![Field { value: tenant, place }]
            }
            Listed::All => {
                UsState::ALL.map(|state| Field { value: state.into(), place: place.clone() }).into()
            }
        };
        listed.into_iter().flat_map(each).collect::<Vec<_>>()
    });
    match states.field() {
        None if states.is_absent() => {
            root.missing("states", "write at the top, such as states = [\"california\"]");
        }
        Some(field) if field.value.is_empty() => {
            root.problems().at(&field.place, "name at least one state, such as [\"california\"]");
        }
        _ => {}
    }
    states
}

/// The rules of a shared listener are told apart by priority, which is a function of the tenant's name.
fn refuse_equal_priorities(root: &Table<'_, '_>, states: &[Field<Tenant>]) {
    let mut seen: BTreeMap<u16, &Tenant> = BTreeMap::new();
    for state in states {
        match seen.insert(state.value.rule_priority(), &state.value) {
            Some(other) if *other != state.value => root.problems().at(
                &state.place,
                format!("{} and {other} cannot share a load balancer: both names give rule priority {}; rename one, or use alb = \"per-state\"", state.value, state.value.rule_priority()),
            ),
            _ => {}
        }
    }
}

struct FleetDraft {
    name: Setting<FleetName>,
    region: Setting<String>,
    account: Setting<String>,
    tags: Tags,
}

fn fleet(table: &Table<'_, '_>, source: &str) -> FleetDraft {
    let name = table.text("name", str::parse::<FleetName>);
    if name.is_absent() {
        table.missing("name", "what all names in AWS begin with, such as name = \"humangov\"");
    }
    let account = table.text("account", syntax::account);
    FleetDraft {
        name,
        region: table.text("region", syntax::region),
        account,
        tags: tags(&table.table("tags"), source),
    }
}

fn tags(table: &Table<'_, '_>, source: &str) -> Tags {
    let keys = table.keys();
    let mut tags = Tags::new();
    for key in &keys {
        if let Some(value) = table.text(&key.value, |text| Ok::<_, String>(text.to_owned())).into_value() {
            tags.insert(&key.value, value);
        }
    }
    let mut found = Violations::default();
    tags.validate(&mut found);
    for violation in &found {
        let key =
            violation.path.strip_prefix("tags.").and_then(|key| keys.iter().find(|found| found.value == key));
        match (key, table.place()) {
            (Some(key), _) => table.problems().at(&key.place, violation.message.clone()),
            (None, Some(place)) => table.problems().at(&first_line(place, source), violation.message.clone()),
            (None, None) => {}
        }
    }
    tags
}

/// The part of `place` on its first line.
fn first_line(mut place: Place, source: &str) -> Place {
    let line = source.get(place.span.clone()).and_then(|text| text.find('\n'));
    if let Some(length) = line {
        place.span.end = place.span.start + length;
    }
    place
}

#[derive(Debug, Clone)]
struct ImagesDraft {
    app: Setting<String>,
    nginx: Setting<String>,
}

impl ImagesDraft {
    fn read(table: &Table<'_, '_>) -> Self {
        Self { app: table.text("app", syntax::image), nginx: table.text("nginx", syntax::image) }
    }

    fn require(&self, table: &Table<'_, '_>) {
        for (key, image, what) in
            [("app", &self.app, "the application"), ("nginx", &self.nginx, "the web server in front of it")]
        {
            if image.is_absent() {
                table.missing(key, format!("the image of {what}, such as \"123456789012.dkr.ecr.us-east-1.amazonaws.com/humangov/{key}:v1\""));
            }
        }
    }

    fn over(&self, base: &Self) -> Self {
        Self { app: self.app.or(&base.app), nginx: self.nginx.or(&base.nginx) }
    }

    fn resolve(self) -> Option<Images> {
        Some(Images { app: self.app.into_value()?, nginx: self.nginx.into_value()? })
    }
}

#[derive(Default)]
struct Overrides {
    settings: BTreeMap<Tenant, StateSettings>,
    launches: BTreeMap<Tenant, Option<Launch>>,
}

fn overrides(
    table: &Table<'_, '_>,
    custom: CustomTenants,
    states: Option<&Vec<Field<Tenant>>>,
    base_images: &ImagesDraft,
    base_service: &ServiceDraft,
) -> Overrides {
    let mut overrides = Overrides::default();
    let mut seen = BTreeSet::new();
    for key in table.keys() {
        let one = table.table(&key.value);
        let images = ImagesDraft::read(&one.table("images")).over(base_images);
        let service = ServiceDraft::read(&one.table("service")).over(base_service);
        service.check(table.problems());
        let state = match tenant(&key.value, custom) {
            Ok(state) => state,
            Err(message) => {
                table.problems().at(&key.place, message);
                continue;
            }
        };
        if !seen.insert(state.clone()) {
            table
                .problems()
                .at(&key.place, format!("{state} is overridden twice; put all its settings in one place"));
        }
        if states.is_some_and(|states| states.iter().all(|listed| listed.value != state)) {
            table.problems().at(&key.place, format!("{state} is not in states; add it there or remove this"));
        }
        overrides.launches.insert(state.clone(), service.launch());
        if let Some(images) = images.resolve() {
            overrides.settings.insert(state, StateSettings { images, service: service.resolve() });
        }
    }
    overrides
}

fn network(table: &Table<'_, '_>, all_external: bool) -> Option<Network> {
    let vpc_id = table.text("vpc_id", syntax::ec2_id("vpc"));
    let subnets = table.texts("subnets", syntax::ec2_id("subnet"));
    let assign_public_ip = table.flag("assign_public_ip");
    let place = table.place()?;
    if all_external {
        table
            .problems()
            .at(&place, "tasks on external machines use those machines' network; remove this section");
        return None;
    }
    if vpc_id.is_absent() {
        table.missing("vpc_id", "the VPC of the subnets; without this section the default VPC is used");
    }
    match subnets.field() {
        None if subnets.is_absent() => {
            table.missing(
                "subnets",
                "the subnets of the VPC to use, two or more in different availability zones",
            );
        }
        Some(field) => {
            if field.value.len() < 2 {
                let message = "a load balancer needs two or more subnets, in different availability zones";
                table.problems().at(&field.place, message);
            } else if field.value.len() > 16 {
                table.problems().at(&field.place, "a service takes up to 16 subnets");
            }
        }
        None => {}
    }
    Some(Network {
        vpc_id: vpc_id.into_value()?,
        subnets: subnets.into_value()?.into_iter().map(|subnet| subnet.value).collect(),
        assign_public_ip: assign_public_ip.into_value().unwrap_or(super::yes()),
    })
}

fn data(table: &Table<'_, '_>) -> Data {
    let default = Data::default();
    Data {
        point_in_time_recovery: table
            .flag("point_in_time_recovery")
            .into_value()
            .unwrap_or(default.point_in_time_recovery),
        versioning: table.flag("versioning").into_value().unwrap_or(default.versioning),
        deletion_protection: table
            .flag("deletion_protection")
            .into_value()
            .unwrap_or(default.deletion_protection),
    }
}

fn logs(table: &Table<'_, '_>) -> Logs {
    let days = table.integer("retention_in_days", 1..=3653);
    if let Some(field) = days.field().filter(|field| !LogGroup::RETENTION_DAYS.contains(&field.value)) {
        let allowed = LogGroup::RETENTION_DAYS.map(|days| days.to_string());
        table
            .problems()
            .at(&field.place, format!("is not a retention period; allowed are {}", super::or_list(&allowed)));
    }
    Logs { retention_in_days: days.into_value().unwrap_or(Logs::default().retention_in_days) }
}

fn iam(table: &Table<'_, '_>, account: Option<&String>) -> Iam {
    let permissions_boundary = table.text("permissions_boundary", syntax::policy_arn);
    if let (Some(field), Some(account)) = (permissions_boundary.field(), account) {
        let found = syntax::arn_parts(&field.value, "iam").map_or("aws", |arn| arn.account);
        if found != "aws" && found != account {
            let message = format!("is a policy of account {found}, but fleet.account is {account}");
            table.problems().at(&field.place, message);
        }
    }
    let managed_policies = table.texts("managed_policies", super::reader::choose);
    Iam {
        permissions_boundary: permissions_boundary.into_value(),
        managed_policies: managed_policies
            .into_value()
            .map(|policies| policies.into_iter().map(|policy| policy.value).collect())
            .unwrap_or_default(),
    }
}
