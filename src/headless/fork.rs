//! Pull requests from forks: whoever wrote one is a stranger, and a run for it changes nothing.

use crate::domain::SafeText;

/// Why this process may change nothing, where it runs for a pull request from a fork: by the environment of GitHub
/// Actions and of GitLab CI. What cannot be told there counts as a fork.
pub fn fork(env: impl Fn(&str) -> Option<String>, read: impl Fn(&str) -> Option<String>) -> Option<SafeText> {
    github(&env, read).or_else(|| gitlab(&env))
}

fn barred(why: &str) -> SafeText {
    format!("{why}: nothing is changed from there").into()
}

fn github(env: &impl Fn(&str) -> Option<String>, read: impl Fn(&str) -> Option<String>) -> Option<SafeText> {
    let event = env("GITHUB_EVENT_NAME")?;
    if !event.starts_with("pull_request") {
        return None;
    }
    let told = env("GITHUB_EVENT_PATH").and_then(|path| read(&path));
    let event: Option<serde_json::Value> = told.and_then(|text| serde_json::from_str(&text).ok());
    let name = |end: &str| {
        let repo = event.as_ref()?.pointer(&format!("/pull_request/{end}/repo/full_name"))?;
        repo.as_str().map(str::to_owned)
    };
    match (name("head"), name("base")) {
        (Some(head), Some(base)) if head == base => None,
        // A fork that was deleted has no repository any more.
        (Some(_), Some(_)) => Some(barred("this runs for a pull request from a fork")),
        _ => Some(barred("this runs for a pull request, and whether it is from a fork cannot be told")),
    }
}

fn gitlab(env: &impl Fn(&str) -> Option<String>) -> Option<SafeText> {
    let request = env("CI_MERGE_REQUEST_IID").is_some() || env("CI_PIPELINE_SOURCE").as_deref() == Some("merge_request_event");
    if !request {
        return None;
    }
    match (env("CI_MERGE_REQUEST_SOURCE_PROJECT_ID"), env("CI_MERGE_REQUEST_PROJECT_ID")) {
        (Some(source), Some(target)) if source == target => None,
        (Some(_), Some(_)) => Some(barred("this runs for a merge request from a fork")),
        _ => Some(barred("this runs for a merge request, and whether it is from a fork cannot be told")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(env: &[(&str, &str)], event: &str) -> Option<String> {
        let get = |name: &str| env.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        fork(get, |_| Some(event.to_owned())).map(|why| why.to_string())
    }

    #[test]
    fn a_run_for_a_fork_may_change_nothing_and_what_cannot_be_told_is_one() {
        let event = |head: &str| {
            format!(r#"{{"pull_request": {{"head": {{"repo": {head}}}, "base": {{"repo": {{"full_name": "acme/shop"}}}}}}}}"#)
        };
        let own = event(r#"{"full_name": "acme/shop"}"#);
        let other = event(r#"{"full_name": "mallory/shop"}"#);
        let github = |name| [("GITHUB_EVENT_NAME", name), ("GITHUB_EVENT_PATH", "/event")];
        assert_eq!(of(&[], ""), None, "no CI");
        assert_eq!(of(&github("push"), &other), None);
        assert_eq!(of(&github("pull_request"), &own), None);
        for name in ["pull_request", "pull_request_target", "pull_request_review"] {
            assert!(of(&github(name), &other).is_some_and(|why| why.contains("from a fork")), "{name}");
            assert!(of(&github(name), &event("null")).is_some(), "a fork that is gone");
            assert!(of(&github(name), "no json").is_some());
        }
        let gitlab = |source| {
            [("CI_MERGE_REQUEST_IID", "7"), ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", source), ("CI_MERGE_REQUEST_PROJECT_ID", "1")]
        };
        assert_eq!(of(&gitlab("1"), ""), None);
        assert!(of(&gitlab("2"), "").is_some());
        assert!(of(&[("CI_PIPELINE_SOURCE", "merge_request_event")], "").is_some());
    }
}
