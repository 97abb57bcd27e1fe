//! Guesses from names: which environment a context is, which jobs belong to a service. Pure.

use crate::domain::{FoundWorkflow, ServiceName};

/// A guessed environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuessedEnvironment {
    /// Its name.
    pub name: &'static str,
    /// Its place on the path.
    pub order: i64,
    /// The word in a name that says so; none where no name says anything, and it counts as production.
    pub word: Option<String>,
}

/// Environments in the order of the path, and the words that name them.
const WORDS: [(&str, &[&str]); 4] = [
    ("dev", &["dev", "devel", "development", "sandbox", "local", "minikube", "kind"]),
    ("test", &["test", "tst", "testing", "qa", "int", "integration"]),
    ("staging", &["staging", "stage", "stg", "uat", "preprod", "acceptance", "acc"]),
    ("production", &["production", "prod", "prd", "live"]),
];

/// The environment that a namespace or, where it says nothing, a context belongs to. What no name tells counts as
/// production: the careful guess.
pub fn environment(context: &str, namespace: &str) -> GuessedEnvironment {
    for text in [namespace, context] {
        let lower = text.to_lowercase();
        // `pre-prod` would else be read as `prod`.
        let lower = lower.replace("pre-prod", "preprod").replace("pre_prod", "preprod");
        let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
        // The last word counts most: `dev-tools-prod` is production.
        for word in words.iter().rev() {
            let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
            if let Some((order, (name, _))) = WORDS.iter().enumerate().find(|(_, (_, all))| all.contains(&stem)) {
                return GuessedEnvironment { name, order: order as i64 + 1, word: Some((*word).to_owned()) };
            }
        }
    }
    GuessedEnvironment { name: "production", order: 4, word: None }
}

/// Namespaces of systems and tools, in which nobody releases services of their own.
pub fn is_system(namespace: &str) -> bool {
    const NAMES: [&str; 26] = [
        "argo",
        "argo-rollouts",
        "argocd",
        "calico-system",
        "cert-manager",
        "datadog",
        "external-dns",
        "external-secrets",
        "flagger-system",
        "flux-system",
        "gatekeeper-system",
        "gmp-system",
        "ingress-nginx",
        "istio-ingress",
        "istio-system",
        "keda",
        "knative-serving",
        "kyverno",
        "linkerd",
        "linkerd-viz",
        "local-path-storage",
        "longhorn-system",
        "metallb-system",
        "monitoring",
        "observability",
        "traefik",
    ];
    NAMES.contains(&namespace)
        || namespace.starts_with("kube-")
        || namespace.starts_with("openshift")
        || namespace.ends_with("-operator")
}

/// The workflow that builds or deploys services, and how its jobs name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuessedPipeline {
    /// The workflow file.
    pub file: String,
    /// The pattern of the jobs of a service, with `{service}`; none where no job names one.
    pub job: Option<String>,
    /// The services that its jobs name.
    pub services: Vec<ServiceName>,
}

/// The workflow whose jobs name most of the services; where none names any, the only one, or the only one that says
/// that it deploys.
pub fn pipeline(workflows: &[FoundWorkflow], services: &[ServiceName]) -> Option<GuessedPipeline> {
    let mut best: Option<GuessedPipeline> = None;
    for workflow in workflows {
        // How a matrix and a called workflow name their jobs.
        for pattern in ["* ({service})", "* ({service}, *)", "* / {service}", "{service} / *", "*-{service}", "{service}"] {
            let named = |s: &&ServiceName| {
                let pattern = pattern.replace("{service}", s.as_str());
                workflow.jobs.iter().any(|job| crate::domain::glob(&pattern, job.as_str()))
            };
            let found: Vec<ServiceName> = services.iter().filter(named).cloned().collect();
            if !found.is_empty() && best.as_ref().is_none_or(|b| found.len() > b.services.len()) {
                let file = workflow.file.to_string();
                best = Some(GuessedPipeline { file, job: Some(pattern.to_owned()), services: found });
            }
        }
    }
    best.or_else(|| {
        let deploys = |w: &&FoundWorkflow| {
            let file = w.file.to_lowercase();
            ["deploy", "release", "cd", "ci-cd"].iter().any(|word| file.split(['-', '_', '.']).any(|part| part == *word))
        };
        let named: Vec<&FoundWorkflow> = workflows.iter().filter(deploys).collect();
        let only = match (&named[..], workflows) {
            ([one], _) => *one,
            (_, [one]) => one,
            _ => return None,
        };
        Some(GuessedPipeline { file: only.file.to_string(), job: None, services: vec![] })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SafeText;

    #[test]
    fn environments_by_name() {
        for (context, namespace, want) in [
            ("stg", "shop", "staging stg"),
            ("gke_acme_europe-west1_prod-eu", "default", "production prod"),
            ("arn:aws:eks:eu-1:1:cluster/shop-dev2", "default", "dev dev2"),
            ("one", "shop-prod", "production prod"),
            ("dev", "shop-prod", "production prod"),
            ("dev-tools-prod", "x", "production prod"),
            ("acme-pre-prod", "x", "staging preprod"),
            ("eu-1", "shop", "production -"),
            ("product", "devices", "production -"),
            ("QA", "x", "test qa"),
        ] {
            let got = environment(context, namespace);
            assert_eq!(format!("{} {}", got.name, got.word.as_deref().unwrap_or("-")), want, "{context} {namespace}");
        }
    }

    #[test]
    fn jobs_tell_the_workflow_and_the_pattern() {
        let workflow = |file: &str, jobs: &[&str]| FoundWorkflow {
            file: file.into(),
            name: file.into(),
            jobs: jobs.iter().map(|j| SafeText::clean(j)).collect(),
        };
        let services: Vec<ServiceName> = ["payment", "cart"].map(|s| s.parse().unwrap()).to_vec();
        let lint = workflow("lint.yml", &["lint"]);
        let guess =
            |all: &[FoundWorkflow]| pipeline(all, &services).map(|p| (p.file, p.job.unwrap_or_default(), p.services.len()));
        let want = |file: &str, job: &str, n| Some((file.to_owned(), job.to_owned(), n));
        let matrix = workflow("ci.yml", &["test (payment)", "test (cart)", "plan"]);
        assert_eq!(guess(&[lint.clone(), matrix.clone()]), want("ci.yml", "* ({service})", 2));
        let called = workflow("all.yml", &["payment / build", "x"]);
        assert_eq!(guess(std::slice::from_ref(&called)), want("all.yml", "{service} / *", 1));
        assert_eq!(guess(&[called, matrix]), want("ci.yml", "* ({service})", 2));
        assert_eq!(guess(&[lint.clone(), workflow("deploy.yml", &["go"])]), want("deploy.yml", "", 0));
        assert_eq!(guess(std::slice::from_ref(&lint)), want("lint.yml", "", 0));
        assert_eq!(guess(&[lint, workflow("other.yml", &[])]), None);
        assert_eq!(guess(&[]), None);
    }
}
