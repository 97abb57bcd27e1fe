//! GitHub's documents: complete, with every field that the real service sends.

use serde_json::{Value as Json, json};

use crate::sim::world::{World, names};

/// Where links lead: to the host that was asked, and to the web site.
#[derive(Clone, Copy, Debug)]
pub struct Links<'a> {
    /// Address of the API, without a slash at the end.
    pub api: &'a str,
}

/// The address of the web site.
pub const WEB: &str = "https://github.com";

/// A stable number for a name, of the size of GitHub's ids.
pub fn number(world: &World, parts: &[&str]) -> u64 {
    10_000_000 + names::number(world.seed(), parts, 80_000_000)
}

/// An opaque node id.
pub fn node(kind: &str, id: u64) -> String {
    format!("{kind}_kwDO{id:012x}")
}

/// A user, in the short form that other documents hold.
pub fn user(world: &World, links: Links, login: &str) -> Json {
    let id = number(world, &["user", login]);
    let url = format!("{}/users/{login}", links.api);
    json!({
        "login": login,
        "id": id,
        "node_id": node("U", id),
        "avatar_url": format!("https://avatars.githubusercontent.com/u/{id}?v=4"),
        "gravatar_id": "",
        "url": url,
        "html_url": format!("{WEB}/{login}"),
        "followers_url": format!("{url}/followers"),
        "following_url": format!("{url}/following{{/other_user}}"),
        "gists_url": format!("{url}/gists{{/gist_id}}"),
        "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{url}/subscriptions"),
        "organizations_url": format!("{url}/orgs"),
        "repos_url": format!("{url}/repos"),
        "events_url": format!("{url}/events{{/privacy}}"),
        "received_events_url": format!("{url}/received_events"),
        "type": match login { "acme" => "Organization", bot if bot.ends_with("-bot") => "Bot", _ => "User" },
        "user_view_type": "public",
        "site_admin": false,
    })
}

/// The user that asks, in full.
pub fn myself(world: &World, links: Links, login: &str) -> Json {
    let mut user = user(world, links, login);
    let more = json!({
        "name": login, "company": "acme", "blog": "", "location": null, "email": format!("{login}@acme.example"),
        "hireable": null, "bio": null, "twitter_username": null, "public_repos": 0, "public_gists": 0, "followers": 0,
        "following": 0, "created_at": "2019-04-01T08:00:00Z", "updated_at": "2026-03-01T08:00:00Z", "private_gists": 0,
        "total_private_repos": 3, "owned_private_repos": 0, "disk_usage": 0, "collaborators": 0,
        "two_factor_authentication": true,
        "plan": {"name": "free", "space": 976_562_499, "private_repos": 10_000, "collaborators": 0},
    });
    if let (Some(user), Json::Object(more)) = (user.as_object_mut(), more) {
        user.extend(more);
    }
    user
}

/// The link templates of a repository, behind its own address.
const TEMPLATES: [(&str, &str); 37] = [
    ("forks_url", "/forks"),
    ("keys_url", "/keys{/key_id}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("teams_url", "/teams"),
    ("hooks_url", "/hooks"),
    ("issue_events_url", "/issues/events{/number}"),
    ("events_url", "/events"),
    ("assignees_url", "/assignees{/user}"),
    ("branches_url", "/branches{/branch}"),
    ("tags_url", "/tags"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("trees_url", "/git/trees{/sha}"),
    ("statuses_url", "/statuses/{sha}"),
    ("languages_url", "/languages"),
    ("stargazers_url", "/stargazers"),
    ("contributors_url", "/contributors"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("commits_url", "/commits{/sha}"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("comments_url", "/comments{/number}"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("contents_url", "/contents/{+path}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("merges_url", "/merges"),
    ("archive_url", "/{archive_format}{/ref}"),
    ("downloads_url", "/downloads"),
    ("issues_url", "/issues{/number}"),
    ("pulls_url", "/pulls{/number}"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("labels_url", "/labels{/name}"),
    ("releases_url", "/releases{/id}"),
    ("deployments_url", "/deployments"),
    ("url", ""),
];

/// A repository, in the short form that runs hold.
pub fn repository(world: &World, links: Links, full_name: &str) -> Json {
    let id = number(world, &["repository", full_name]);
    let (owner, name) = full_name.split_once('/').unwrap_or((full_name, full_name));
    let url = format!("{}/repos/{full_name}", links.api);
    let mut document = json!({
        "id": id,
        "node_id": node("R", id),
        "name": name,
        "full_name": full_name,
        "private": true,
        "owner": user(world, links, owner),
        "html_url": format!("{WEB}/{full_name}"),
        "description": null,
        "fork": false,
    });
    for (key, template) in TEMPLATES {
        document[key] = format!("{url}{template}").into();
    }
    document
}

/// A repository of its own, with what only the full form has.
pub fn full_repository(world: &World, links: Links, full_name: &str) -> Json {
    let mut document = repository(world, links, full_name);
    let more = json!({
        "git_url": format!("git://github.com/{full_name}.git"),
        "ssh_url": format!("git@github.com:{full_name}.git"),
        "clone_url": format!("{WEB}/{full_name}.git"),
        "svn_url": format!("{WEB}/{full_name}"),
        "mirror_url": null, "homepage": null, "language": "Rust", "forks_count": 0, "stargazers_count": 0,
        "watchers_count": 0, "size": 48_211, "default_branch": "main", "open_issues_count": 3, "is_template": false,
        "topics": [], "has_issues": true, "has_projects": false, "has_wiki": false, "has_pages": false,
        "has_downloads": false, "has_discussions": false, "archived": false, "disabled": false,
        "visibility": "private", "created_at": "2021-05-03T07:12:44Z", "updated_at": "2026-03-09T16:20:01Z",
        "pushed_at": "2026-03-09T16:20:01Z", "forks": 0, "open_issues": 3, "watchers": 0, "license": null,
        "allow_forking": false, "web_commit_signoff_required": false,
        "permissions": {"admin": false, "maintain": false, "push": true, "triage": true, "pull": true},
        "allow_squash_merge": true, "allow_merge_commit": false, "allow_rebase_merge": false, "allow_auto_merge": true,
        "delete_branch_on_merge": true, "allow_update_branch": true,
    });
    if let (Some(document), Json::Object(more)) = (document.as_object_mut(), more) {
        document.extend(more);
    }
    document["organization"] = document["owner"].clone();
    document["network_count"] = 0.into();
    document["subscribers_count"] = 14.into();
    document
}
