//! Places in objects, packed into the numbers that a network keeps.

use fibula_cluster::{ContainerList, ObjectId, Place};
use fibula_network::PlaceId;

const LISTS: [ContainerList; 5] = [
    ContainerList::Containers,
    ContainerList::Init,
    ContainerList::Ephemeral,
    ContainerList::Ingress,
    ContainerList::Egress,
];
/// How many containers or rules of a list have a place of their own; later ones have their object's.
const CONTAINERS: u64 = 0x3000;

/// The number that stands for a place in the networks made here.
pub fn place_id(place: Place) -> PlaceId {
    let container = place.container.filter(|(_, i)| u64::from(*i) < CONTAINERS);
    let container = container.map_or(0, |(list, i)| 1 + list as u64 * CONTAINERS + u64::from(i));
    // Of a container that has no place of its own, a port would be taken for a Service's.
    let has_port = place.container.is_none() || container > 0;
    let port = place.port.filter(|_| has_port).map_or(0, |i| u64::from(i.saturating_add(1)));
    PlaceId(u64::from(place.object.0) << 32 | container << 16 | port)
}

/// The place that a number stands for; none if it stands for none.
pub fn place(id: PlaceId) -> Option<Place> {
    let object = ObjectId((id.0 >> 32) as u32);
    let (container, port) = (id.0 >> 16 & 0xffff, (id.0 & 0xffff) as u16);
    let container = match container.checked_sub(1) {
        Some(n) => Some((*LISTS.get((n / CONTAINERS) as usize)?, (n % CONTAINERS) as u16)),
        None => None,
    };
    (id != PlaceId::NONE).then_some(Place { object, container, port: port.checked_sub(1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_packing() {
        let object = ObjectId(7);
        for container in
            [None, Some((ContainerList::Containers, 0)), Some((ContainerList::Egress, 0x2fff))]
        {
            for port in [None, Some(0), Some(3)] {
                let at = Place { object, container, port };
                assert_eq!(place(place_id(at)), Some(at));
            }
        }
        let beyond =
            Place { object, container: Some((ContainerList::Init, 0x3000)), port: Some(1) };
        let whole = Place { object, container: None, port: None };
        assert_eq!(place(place_id(beyond)), Some(whole), "not a port of the object");
        assert_eq!(place(PlaceId::NONE), None);
    }
}
