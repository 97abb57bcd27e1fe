//! What lies between two commits, and the pull requests that commits came with.

use serde_json::{Value as Json, json};

use super::commit::{Changed, Commit};
use super::object::{WEB, full_repository, node, number, user};
use super::run::Pen;

/// Files that GitHub lists at most.
const FILES: usize = 300;

impl Pen<'_> {
    /// A comparison: `ahead` and `behind` are the commits that the head has and lacks, `page` those of the page that was
    /// asked for. The files stand on the first page only.
    pub fn compare(
        self,
        repository: &str,
        (base, head): (&Commit, &Commit),
        (ahead, behind): (&[&Commit], usize),
        page: &[&Commit],
        first: bool,
    ) -> Json {
        let api = format!("{}/repos/{repository}", self.links.api);
        let name = format!("{}...{}", base.sha, head.sha);
        let web = format!("{WEB}/{repository}/compare/{name}");
        let status = match (ahead.len(), behind) {
            (0, 0) => "identical",
            (_, 0) => "ahead",
            (0, _) => "behind",
            _ => "diverged",
        };
        let commits: Json = page.iter().map(|commit| self.commit(repository, commit)).collect();
        let mut files: Vec<Changed> = Vec::new();
        for (path, how, new, gone) in ahead.iter().flat_map(|commit| &commit.files) {
            match files.iter_mut().find(|(known, ..)| known == path) {
                Some((.., more, less)) => (*more, *less) = (*more + new, *less + gone),
                None => files.push((path.clone(), how, *new, *gone)),
            }
        }
        files.sort();
        files.truncate(if first { FILES } else { 0 });
        let base_commit = self.commit(repository, base);
        json!({
            "url": format!("{api}/compare/{name}"),
            "html_url": web,
            "permalink_url": web,
            "diff_url": format!("{web}.diff"),
            "patch_url": format!("{web}.patch"),
            "merge_base_commit": base_commit,
            "base_commit": base_commit,
            "status": status,
            "ahead_by": ahead.len(),
            "behind_by": behind,
            "total_commits": ahead.len(),
            "commits": commits,
            "files": files.iter().map(|file| self.file(repository, &head.sha, file)).collect::<Json>(),
        })
    }

    fn file(self, repository: &str, sha: &str, (path, how, new, gone): &Changed) -> Json {
        let web = |kind: &str| format!("{WEB}/{repository}/{kind}/{sha}/{path}");
        json!({
            "sha": self.world.commit("blob", &format!("{sha}{path}")),
            "filename": path,
            "status": how,
            "additions": new,
            "deletions": gone,
            "changes": new + gone,
            "blob_url": web("blob"),
            "raw_url": web("raw"),
            "contents_url": format!("{}/repos/{repository}/contents/{path}?ref={sha}", self.links.api),
            "patch": format!("@@ -1,{gone} +1,{new} @@"),
        })
    }

    /// The pull requests that a commit came with.
    pub fn pulls_of(self, repository: &str, commit: &Commit) -> Json {
        let Some((number_of, title, labels)) = &commit.pull else { return json!([]) };
        let api = format!("{}/repos/{repository}", self.links.api);
        let url = format!("{api}/pulls/{number_of}");
        let web = format!("{WEB}/{repository}/pull/{number_of}");
        let issue = format!("{api}/issues/{number_of}");
        let date = self.instant(commit.second as f64 / 60.0);
        let merged = commit.on_main.then_some(&date);
        let id = number(self.world, &["pull", repository, &number_of.to_string()]);
        let owner = repository.split('/').next().unwrap_or_default();
        let author = user(self.world, self.links, &commit.author);
        let side = |reference: &str, sha: &str| {
            json!({
                "label": format!("{owner}:{reference}"), "ref": reference, "sha": sha,
                "user": user(self.world, self.links, owner), "repo": full_repository(self.world, self.links, repository),
            })
        };
        let link = |href: String| json!({ "href": href });
        let links = json!({
            "self": link(url.clone()),
            "html": link(web.clone()),
            "issue": link(issue.clone()),
            "comments": link(format!("{issue}/comments")),
            "review_comments": link(format!("{url}/comments")),
            "review_comment": link(format!("{api}/pulls/comments{{/number}}")),
            "commits": link(format!("{url}/commits")),
            "statuses": link(format!("{api}/statuses/{}", commit.sha)),
        });
        let labels: Json = labels.iter().map(|name| self.label(&api, name)).collect();
        json!([{
            "url": url,
            "id": id,
            "node_id": node("PR", id),
            "html_url": web,
            "diff_url": format!("{web}.diff"),
            "patch_url": format!("{web}.patch"),
            "issue_url": issue,
            "commits_url": format!("{url}/commits"),
            "review_comments_url": format!("{url}/comments"),
            "review_comment_url": format!("{api}/pulls/comments{{/number}}"),
            "comments_url": format!("{issue}/comments"),
            "statuses_url": format!("{api}/statuses/{}", commit.sha),
            "number": number_of,
            "state": if commit.on_main { "closed" } else { "open" },
            "locked": false,
            "title": title,
            "user": author,
            "body": null,
            "labels": labels,
            "milestone": null,
            "active_lock_reason": null,
            "created_at": self.instant(commit.second as f64 / 60.0 - 600.0),
            "updated_at": date,
            "closed_at": merged,
            "merged_at": merged,
            "merge_commit_sha": commit.sha,
            "assignee": null,
            "assignees": [],
            "requested_reviewers": [],
            "requested_teams": [],
            "head": side(&format!("change-{number_of}"), &commit.sha),
            "base": side("main", &commit.parent),
            "_links": links,
            "author_association": "MEMBER",
            "auto_merge": null,
            "draft": false,
        }])
    }

    fn label(self, api: &str, name: &str) -> Json {
        let id = number(self.world, &["label", name]);
        json!({
            "id": id,
            "node_id": node("LA", id),
            "url": format!("{api}/labels/{}", name.replace(' ', "%20")),
            "name": name,
            "description": null,
            "color": "ededed",
            "default": false,
        })
    }
}
