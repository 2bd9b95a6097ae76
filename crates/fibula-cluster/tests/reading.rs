//! Which kinds are read, named as unread, or left.

mod common;

use common::unchecked;
use fibula_cluster::{Decides, Kind, Reading, decides, reading};
use serde_json::json;

#[test]
fn dr_21_every_kind_is_read_named_or_left() {
    for (api_version, kind, expected) in [
        ("v1", "Pod", Reading::Read(Kind::Pod)),
        ("apps/v1", "Deployment", Reading::Read(Kind::Deployment)),
        ("extensions/v1beta1", "Deployment", Reading::Read(Kind::Deployment)),
        ("batch/v1beta1", "CronJob", Reading::Read(Kind::CronJob)),
        ("networking.k8s.io/v1beta1", "ServiceCIDR", Reading::Read(Kind::ServiceCidr)),
        ("config.openshift.io/v1", "Network", Reading::Read(Kind::OpenShiftNetwork)),
        ("operator.openshift.io/v1", "Network", Reading::Other),
        ("serving.knative.dev/v1", "Service", Reading::Other),
        ("v1", "List", Reading::List),
        ("apps/v1", "DeploymentList", Reading::List),
        ("networking.k8s.io/v1", "NetworkPolicy", Reading::Read(Kind::NetworkPolicy)),
        ("extensions/v1beta1", "NetworkPolicy", Reading::Read(Kind::NetworkPolicy)),
        ("crd.projectcalico.org/v1", "NetworkPolicy", Reading::Unread),
        (
            "policy.networking.k8s.io/v1alpha2",
            "ClusterNetworkPolicy",
            Reading::Read(Kind::ClusterNetworkPolicy),
        ),
        ("crd.antrea.io/v1beta1", "ClusterNetworkPolicy", Reading::Unread),
        ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicyList", Reading::List),
        (
            "policy.networking.k8s.io/v1alpha1",
            "BaselineAdminNetworkPolicy",
            Reading::Read(Kind::BaselineAdminNetworkPolicy),
        ),
        ("v1", "Endpoints", Reading::Read(Kind::Endpoints)),
        ("discovery.k8s.io/v1beta1", "EndpointSlice", Reading::Read(Kind::EndpointSlice)),
        ("multicluster.x-k8s.io/v1alpha1", "ServiceImport", Reading::Unread),
        ("v1", "ConfigMap", Reading::Other),
        ("", "", Reading::Other),
    ] {
        assert_eq!(reading(api_version, kind), expected, "{api_version} {kind}");
    }
}

#[test]
fn dr_21_a_kind_that_networks_do_not_follow_says_what_it_decides() {
    for (api_version, kind, expected) in [
        ("networking.k8s.io/v1", "NetworkPolicy", Some(Decides::Policy)),
        ("cilium.io/v2", "CiliumNetworkPolicy", Some(Decides::Policy)),
        ("projectcalico.org/v3", "GlobalNetworkPolicy", Some(Decides::Policy)),
        ("multicluster.x-k8s.io/v1alpha1", "ServiceImport", Some(Decides::Service)),
        ("discovery.k8s.io/v1", "EndpointSlice", Some(Decides::Service)),
        ("route.openshift.io/v1", "Route", Some(Decides::Gateway)),
        ("gateway.networking.k8s.io/v1", "HTTPRoute", Some(Decides::Gateway)),
        ("v1", "Pod", None),
        ("v1", "Secret", None),
    ] {
        assert_eq!(decides(api_version, kind), expected, "{api_version} {kind}");
    }
}

#[test]
fn what_the_model_does_not_read_tells_no_objects_apart() {
    let namespace =
        |metadata| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
    let service = |metadata| json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata});
    for (a, b) in [
        (
            namespace(json!({"name": "a"})),
            namespace(json!({"name": "a", "uid": "1", "creationTimestamp": "x",
                "labels": {"kubernetes.io/metadata.name": "a"}})),
        ),
        (
            service(json!({"name": "a", "labels": {"chart": "1"}})),
            service(json!({"name": "a", "labels": {"chart": "2"}, "generateName": "a-"})),
        ),
    ] {
        assert_eq!(unchecked(&a), unchecked(&b));
    }
}

#[test]
fn values_of_another_type_are_errors_of_serde() {
    let pod = json!({"metadata": {"name": "p"},
        "spec": {"containers": [{"ports": [{"containerPort": "80"}]}]}});
    let error = Kind::Pod.read(&pod).unwrap_err().to_string();
    assert!(error.contains("invalid type: string \"80\""), "{error}");
}
