//! The workloads, which make pods.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Metadata, PodSpec, slim};

slim! {
    /// A Deployment, ReplicaSet, ReplicationController, StatefulSet, DaemonSet or Job: to the
    /// model they differ in how many pods they make, and what these are called.
    pub struct Workload {
        /// Name and owners.
        pub metadata: Metadata,
        /// How many of which pods.
        pub spec: WorkloadSpec,
        /// Whether a cluster has seen it.
        pub status: Observed,
    }

    /// How many of which pods a workload makes.
    pub struct WorkloadSpec {
        /// How many; 1 where it is absent.
        pub replicas: Option<i64>,
        /// The same of a Job.
        pub parallelism: Option<i64>,
        /// The pods.
        pub template: PodTemplate,
    }

    /// A pod to be.
    pub struct PodTemplate {
        /// Its labels.
        pub metadata: Metadata,
        /// What it runs.
        pub spec: PodSpec,
    }

    /// A CronJob.
    pub struct CronJob {
        /// Its name.
        pub metadata: Metadata,
        /// What it runs.
        pub spec: CronJobSpec,
        /// Whether a cluster has seen it.
        pub status: Observed,
    }

    /// What a CronJob runs.
    pub struct CronJobSpec {
        /// The Job to be.
        pub job_template: JobTemplate,
    }

    /// A Job to be.
    pub struct JobTemplate {
        /// How many of which pods.
        pub spec: WorkloadSpec,
    }
}

/// Whether an object has a status that says something: then it was read from a cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observed(pub bool);

// === impl Observed ===

impl Serialize for Observed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("observed", &self.0)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Observed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyField;
        impl<'de> Visitor<'de> for AnyField {
            type Value = Observed;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a status")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Observed, A::Error> {
                let mut any = false;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    any = true;
                }
                Ok(Observed(any))
            }
        }
        deserializer.deserialize_map(AnyField)
    }
}
