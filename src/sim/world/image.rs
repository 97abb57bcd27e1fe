//! What the company's registry has, and what becomes of a pod by its image.

use serde_json::Value;

use super::{Environment, Service, World};

/// What becomes of a pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// It is Ready a little after it came.
    #[default]
    Ready,
    /// It runs and is never Ready: a tag that ends with `-never`.
    Never,
    /// Its container ends and is started again, for ever: a tag that ends with `-crash`.
    Crash,
    /// Its image cannot be had: a digest that the registry does not know, or a tag that ends with `-pull`.
    Pull,
}

/// The tag of an image reference, where it has one.
fn tag(image: &str) -> Option<&str> {
    let name = image.split('@').next().unwrap_or(image);
    let last = name.rsplit('/').next().unwrap_or(name);
    last.split_once(':').map(|(_, tag)| tag)
}

impl World {
    /// The version whose image has a digest, among those that run or ran somewhere.
    fn known(&self, service: &Service, digest: &str) -> Option<String> {
        let running = Environment::ALL.into_iter().map(|environment| service.version(environment).to_owned());
        let versions: Vec<String> = running.flat_map(|version| [self.before(service, &version), version]).collect();
        versions.into_iter().find(|version| self.digest(service.name, version) == digest)
    }

    /// The version that an image reference of a service stands for, and what becomes of its pods. A digest counts for
    /// more than the tag beside it.
    pub fn behind(&self, service: &Service, image: &str) -> (String, Fate) {
        let tagged = tag(image).map(ToOwned::to_owned);
        if let Some((_, digest)) = image.split_once('@') {
            return match self.known(service, digest) {
                Some(version) => (version, Fate::Ready),
                None => (tagged.unwrap_or_else(|| digest.chars().skip(7).take(12).collect()), Fate::Pull),
            };
        }
        let version = tagged.unwrap_or_else(|| "latest".to_owned());
        let fate = match version.rsplit('-').next() {
            Some("never") => Fate::Never,
            Some("crash") => Fate::Crash,
            Some("pull") => Fate::Pull,
            _ => Fate::Ready,
        };
        (version, fate)
    }

    /// The same for a pod template: its first container.
    pub fn brings(&self, service: &Service, template: &Value) -> (String, Fate) {
        self.behind(service, template["spec"]["containers"][0]["image"].as_str().unwrap_or(""))
    }
}

#[cfg(test)]
mod tests {
    use super::Fate;
    use crate::sim::world::{Params, World, catalogue};

    #[test]
    fn a_digest_is_known_or_cannot_be_pulled() {
        let world = World::new(Params::default());
        let order = catalogue::find("order").unwrap();
        let name = "registry.acme.example/shop/order";
        let known = world.digest("order", "7.0.3");
        let table = [
            (format!("{name}:7.0.2"), "7.0.2", Fate::Ready),
            (format!("{name}@{known}"), "7.0.3", Fate::Ready),
            (format!("{name}:7.0.9@{known}"), "7.0.3", Fate::Ready),
            (format!("{name}@sha256:{}", "0".repeat(64)), "000000000000", Fate::Pull),
            (format!("{name}:8-crash"), "8-crash", Fate::Crash),
            ("localhost:5000/order".to_owned(), "latest", Fate::Ready),
        ];
        for (image, version, fate) in table {
            assert_eq!(world.behind(order, &image), (version.to_owned(), fate), "{image}");
        }
    }
}
