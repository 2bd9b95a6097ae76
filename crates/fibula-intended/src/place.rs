//! Places in objects, as the numbers that a network keeps.

use fibula_cluster::Place;
use fibula_network::PlaceId;

/// The number that stands for a place in the networks made here.
pub fn place_id(place: Place) -> PlaceId {
    PlaceId(place.number())
}

/// The place that a number stands for; none if it stands for none.
pub fn place(id: PlaceId) -> Option<Place> {
    (id != PlaceId::NONE).then(|| Place::of_number(id.0)).flatten()
}
