//! The pods of a ReplicaSet, one after the other as they were made.

use super::workload::START;

/// One pod: its number in the life of its ReplicaSet, and when it was made, in minutes since T0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Birth {
    /// Its number; never used again.
    pub number: u32,
    /// When it was made.
    pub created: f64,
}

impl Birth {
    /// When it can be Ready, if ever.
    pub fn ready_at(self) -> f64 {
        self.created + START
    }

    /// Whether it has had the time to become Ready.
    pub fn ripe(self, minute: f64) -> bool {
        // An instant has whole seconds, so equality needs a little room.
        minute + 0.001 >= self.ready_at()
    }
}

/// The pods of one ReplicaSet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Crew {
    pods: Vec<Birth>,
    born: u32,
}

impl Crew {
    /// Pods that came one after the other, three seconds apart.
    pub fn since(count: u32, created: f64) -> Self {
        let pods = (0..count).map(|number| Birth { number, created: created + START * f64::from(number) }).collect();
        Self { pods, born: count }
    }

    /// Who is there.
    pub fn pods(&self) -> &[Birth] {
        &self.pods
    }

    /// How many are there.
    pub fn count(&self) -> u32 {
        u32::try_from(self.pods.len()).unwrap_or(u32::MAX)
    }

    /// How many have had the time to become Ready.
    pub fn ripe(&self, minute: f64) -> u32 {
        self.pods.iter().filter(|pod| pod.ripe(minute)).count() as u32
    }

    /// So many at a minute: new ones come with new names, the youngest go.
    pub fn to(&mut self, count: u32, minute: f64) {
        self.pods.truncate(count as usize);
        while self.count() < count {
            self.pods.push(Birth { number: self.born, created: minute });
            self.born += 1;
        }
    }

    /// Replaces one of those made before a minute; gives whether there was one.
    pub fn renew(&mut self, before: f64, minute: f64) -> bool {
        let Some(pod) = self.pods.iter_mut().find(|pod| pod.created < before) else { return false };
        *pod = Birth { number: self.born, created: minute };
        self.born += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Birth, Crew};

    #[test]
    fn the_youngest_go_and_nobody_comes_back() {
        let mut crew = Crew::since(3, -10.0);
        crew.to(1, 0.0);
        crew.to(2, 5.0);
        assert_eq!(crew.pods(), [Birth { number: 0, created: -10.0 }, Birth { number: 3, created: 5.0 }]);
        assert_eq!((crew.ripe(5.0), crew.ripe(5.05)), (1, 2));
        assert!(crew.renew(5.0, 6.0));
        let numbers: Vec<u32> = crew.pods().iter().map(|pod| pod.number).collect();
        assert_eq!(numbers, [4, 3]);
        assert!(!crew.renew(5.0, 6.0), "who came after is not replaced");
    }
}
