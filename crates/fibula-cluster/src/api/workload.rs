//! The workloads, which make pods.

use super::{LabelSelector, Metadata, PodSpec, slim};

slim! {
    /// A Deployment, ReplicaSet, ReplicationController, StatefulSet, DaemonSet or Job: to the
    /// model they differ in how many pods they make, and what these are called.
    pub struct Workload {
        /// Name and owners.
        pub metadata: Metadata,
        /// How many of which pods.
        pub spec: WorkloadSpec,
    }

    /// How many of which pods a workload makes.
    pub struct WorkloadSpec {
        /// How many; 1 where it is absent.
        pub replicas: Option<i64>,
        /// The same of a Job.
        pub parallelism: Option<i64>,
        /// The pods that it takes for its own; other things mean it in a ReplicationController, and a
        /// Job writes it by itself.
        pub selector: LabelSelector,
        /// The headless Service below whose name the pods of a StatefulSet are known (DNS-6).
        pub service_name: String,
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
