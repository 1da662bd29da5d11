// SPDX-License-Identifier: MIT OR Apache-2.0

use crate::sandbox::{testing::Account, timings::Timings};
use serde_json::{Value, json};
use std::time::Duration;

fn described(account: &mut Account, name: &str, include: &[&str]) -> Value {
    let answer = account.ok("DescribeClusters", &json!({"clusters": [name], "include": include}));
    answer["clusters"][0].clone()
}

#[test]
fn a_cluster_is_described_with_what_is_asked_for() {
    let mut account = Account::new("ecs");
    let made = account.ok(
        "CreateCluster",
        &json!({
            "clusterName": "main",
            "tags": [{"key": "a", "value": "1"}],
            "settings": [{"name": "containerInsights", "value": "enhanced"}],
            "configuration": {"executeCommandConfiguration": {"logging": "DEFAULT"}},
        }),
    );
    assert_eq!(made["cluster"]["clusterArn"], "arn:aws:ecs:us-east-1:123456789012:cluster/main");
    let plain = described(&mut account, "main", &[]);
    assert_eq!(
        (&plain["tags"], &plain["settings"], &plain["statistics"]),
        (&json!([]), &json!([]), &json!([]))
    );
    assert!(plain.get("configuration").is_none());
    let full = described(&mut account, "main", &["TAGS", "SETTINGS", "CONFIGURATIONS", "STATISTICS"]);
    assert_eq!(full["tags"], json!([{"key": "a", "value": "1"}]));
    assert_eq!(full["settings"], json!([{"name": "containerInsights", "value": "enhanced"}]));
    assert_eq!(full["configuration"]["executeCommandConfiguration"]["logging"], "DEFAULT");
    assert_eq!(full["statistics"].as_array().map(Vec::len), Some(8));
}

#[test]
fn creating_a_cluster_again_changes_nothing_and_answers_it() {
    let mut account = Account::new("ecs");
    account.ok("CreateCluster", &json!({"clusterName": "main", "tags": [{"key": "a", "value": "1"}]}));
    let again =
        account.ok("CreateCluster", &json!({"clusterName": "main", "tags": [{"key": "b", "value": "2"}]}));
    assert_eq!(again["cluster"]["tags"], json!([{"key": "a", "value": "1"}]));
}

#[test]
fn a_cluster_without_a_name_is_the_default_one() {
    let mut account = Account::new("ecs");
    let none = account.ok("DescribeClusters", &json!({}));
    assert_eq!(none["failures"][0]["reason"], "MISSING");
    account.ok("CreateCluster", &json!({}));
    assert_eq!(account.ok("DescribeClusters", &json!({}))["clusters"][0]["clusterName"], "default");
}

#[test]
fn a_deleted_cluster_is_inactive_for_a_while_and_can_be_made_again() {
    let mut account = Account::new("ecs");
    account.ok("CreateCluster", &json!({"clusterName": "main", "tags": [{"key": "a", "value": "1"}]}));
    let gone = account.ok("DeleteCluster", &json!({"cluster": "main"}));
    assert_eq!(gone["cluster"]["status"], "INACTIVE");
    assert_eq!(described(&mut account, "main", &["TAGS"])["tags"], json!([]));
    assert_eq!(account.ok("ListClusters", &json!({}))["clusterArns"], json!([]));
    assert_eq!(account.refused("DeleteCluster", &json!({"cluster": "main"})), "ClusterNotFoundException");
    account.wait(Duration::from_hours(2));
    assert_eq!(described(&mut account, "main", &[]), Value::Null);
    account.ok("CreateCluster", &json!({"clusterName": "main"}));
    assert_eq!(described(&mut account, "main", &[])["status"], "ACTIVE");
}

#[test]
fn what_is_set_is_changed_and_what_is_not_named_stays() {
    let mut account = Account::new("ecs");
    account.ok("CreateCluster", &json!({"clusterName": "main"}));
    let insights = |value: &str| json!([{"name": "containerInsights", "value": value}]);
    let namespace = json!({"namespace": "internal"});
    let update =
        json!({"cluster": "main", "settings": insights("enabled"), "serviceConnectDefaults": namespace});
    let changed = account.ok("UpdateCluster", &update)["cluster"].clone();
    assert_eq!(changed["settings"], insights("enabled"));
    let arn = changed["serviceConnectDefaults"]["namespace"].as_str().unwrap_or_default();
    assert!(arn.starts_with("arn:aws:servicediscovery:us-east-1:123456789012:namespace/ns-"), "{arn}");
    let changed =
        account.ok("UpdateClusterSettings", &json!({"cluster": "main", "settings": insights("disabled")}));
    assert_eq!(changed["cluster"]["settings"], insights("disabled"));
    assert!(changed["cluster"].get("serviceConnectDefaults").is_some());
}

#[test]
fn capacity_providers_are_replaced_whole() {
    let mut account = Account::new("ecs");
    account.ok("CreateCluster", &json!({"clusterName": "main", "capacityProviders": ["FARGATE"]}));
    let strategy = json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1}]);
    let put = json!({"cluster": "main", "capacityProviders": ["FARGATE_SPOT"], "defaultCapacityProviderStrategy": strategy});
    let changed = account.ok("PutClusterCapacityProviders", &put)["cluster"].clone();
    assert_eq!(changed["capacityProviders"], json!(["FARGATE_SPOT"]));
    let strategy = json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]);
    assert_eq!(changed["defaultCapacityProviderStrategy"], strategy);
}

#[test]
fn while_capacity_providers_change_they_cannot_be_changed() {
    let mut account = Account::with("ecs", Timings::aws_like());
    let made = account.ok("CreateCluster", &json!({"clusterName": "main", "capacityProviders": ["FARGATE"]}));
    assert_eq!(made["cluster"]["status"], "PROVISIONING");
    let put = json!({"cluster": "main", "capacityProviders": [], "defaultCapacityProviderStrategy": []});
    assert_eq!(account.refused("PutClusterCapacityProviders", &put), "UpdateInProgressException");
    account.wait(Duration::from_secs(5));
    let settled = described(&mut account, "main", &["ATTACHMENTS"]);
    assert_eq!(
        (&settled["status"], &settled["attachmentsStatus"]),
        (&json!("ACTIVE"), &json!("UPDATE_COMPLETE"))
    );
    account.ok("PutClusterCapacityProviders", &put);
    assert_eq!(account.refused("DeleteCluster", &json!({"cluster": "main"})), "UpdateInProgressException");
    account.wait(Duration::from_secs(5));
    account.ok("DeleteCluster", &json!({"cluster": "main"}));
}

#[test]
fn what_cannot_be_is_refused() {
    let mut account = Account::new("ecs");
    account.ok("CreateCluster", &json!({"clusterName": "main"}));
    let item = |name: &str, weight: i64, base: i64| json!({"capacityProvider": name, "weight": weight, "base": base});
    let with = |strategy: Value| {
        json!({
            "cluster": "main",
            "clusterName": "other",
            "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
            "defaultCapacityProviderStrategy": strategy,
        })
    };
    let table = [
        ("CreateCluster", json!({"clusterName": "no such name"})),
        ("CreateCluster", json!({"clusterName": "x".repeat(256)})),
        ("CreateCluster", json!({"settings": [{"name": "containerInsights", "value": "on"}]})),
        ("CreateCluster", json!({"settings": [{"name": "other", "value": "enabled"}]})),
        ("CreateCluster", json!({"capacityProviders": ["mine"]})),
        ("CreateCluster", json!({"defaultCapacityProviderStrategy": [item("FARGATE", 1, 0)]})),
        ("CreateCluster", json!({"configuration": {"executeCommandConfiguration": {"logging": "OVERRIDE"}}})),
        ("CreateCluster", json!({"serviceConnectDefaults": {"namespace": "a/b"}})),
        ("PutClusterCapacityProviders", with(json!([item("FARGATE", 1001, 0)]))),
        ("PutClusterCapacityProviders", with(json!([item("FARGATE", 1, 1), item("FARGATE_SPOT", 1, 1)]))),
        ("PutClusterCapacityProviders", with(json!([item("FARGATE", 1, 0), item("FARGATE", 1, 0)]))),
        ("PutClusterCapacityProviders", json!({"cluster": "main", "capacityProviders": []})),
        ("UpdateClusterSettings", json!({"cluster": "main"})),
        ("DescribeClusters", json!({"clusters": vec!["x"; 101]})),
        ("DescribeClusters", json!({"include": ["ALL"]})),
        ("DeleteCluster", json!({})),
    ];
    for (operation, input) in table {
        assert_eq!(account.refused(operation, &input), "InvalidParameterException", "{operation} {input}");
    }
    for operation in ["UpdateCluster", "DeleteCluster"] {
        assert_eq!(account.refused(operation, &json!({"cluster": "other"})), "ClusterNotFoundException");
    }
    let elsewhere = "arn:aws:ecs:us-west-2:123456789012:cluster/main";
    assert_eq!(account.refused("DeleteCluster", &json!({"cluster": elsewhere})), "ClusterNotFoundException");
}

#[test]
fn clusters_come_in_pages() {
    let mut account = Account::new("ecs");
    for n in 0..5 {
        account.ok("CreateCluster", &json!({"clusterName": format!("c{n}")}));
    }
    let first = account.ok("ListClusters", &json!({"maxResults": 3}));
    let second = account.ok("ListClusters", &json!({"maxResults": 3, "nextToken": first["nextToken"]}));
    assert_eq!(second["clusterArns"][0], "arn:aws:ecs:us-east-1:123456789012:cluster/c3");
    assert!(second.get("nextToken").is_none());
}
