"""The botanical family of the genera that are planted in towns, after the APG IV classification.

For datasets that give the genus only. A genus that is not here has no family rather than a guessed one.
"""

from __future__ import annotations

_GENERA = """
Adoxaceae: Sambucus Viburnum
Altingiaceae: Liquidambar
Anacardiaceae: Cotinus Pistacia Rhus Schinus
Aquifoliaceae: Ilex
Araucariaceae: Araucaria
Arecaceae: Butia Chamaerops Phoenix Trachycarpus Washingtonia
Berberidaceae: Berberis Mahonia
Betulaceae: Alnus Betula Carpinus Corylus Ostrya
Bignoniaceae: Catalpa Jacaranda
Buxaceae: Buxus
Cannabaceae: Celtis
Celastraceae: Euonymus
Cercidiphyllaceae: Cercidiphyllum
Cornaceae: Cornus
Cupressaceae: Calocedrus Chamaecyparis Cryptomeria Cupressocyparis Cupressus Juniperus Metasequoia Sequoia
Cupressaceae: Sequoiadendron Taxodium Thuja Thujopsis
Ebenaceae: Diospyros
Elaeagnaceae: Elaeagnus Hippophae
Ericaceae: Arbutus Rhododendron
Eucommiaceae: Eucommia
Fabaceae: Acacia Albizia Cercis Cladrastis Gleditsia Gymnocladus Laburnum Robinia Sophora Styphnolobium Maackia
Fagaceae: Castanea Fagus Quercus
Ginkgoaceae: Ginkgo
Hamamelidaceae: Hamamelis Parrotia
Juglandaceae: Carya Juglans Pterocarya
Lamiaceae: Vitex
Lauraceae: Cinnamomum Laurus Sassafras
Lythraceae: Lagerstroemia Punica
Magnoliaceae: Liriodendron Magnolia
Malvaceae: Firmiana Hibiscus Tilia
Meliaceae: Melia Toona
Moraceae: Broussonetia Ficus Maclura Morus
Myrtaceae: Callistemon Eucalyptus
Nyssaceae: Davidia Nyssa
Oleaceae: Chionanthus Fraxinus Ligustrum Olea Osmanthus Phillyrea Syringa
Paulowniaceae: Paulownia
Pinaceae: Abies Cedrus Larix Picea Pinus Pseudotsuga Tsuga
Platanaceae: Platanus
Podocarpaceae: Podocarpus
Rhamnaceae: Rhamnus Ziziphus
Rosaceae: Amelanchier Cotoneaster Crataegus Cydonia Eriobotrya Malus Mespilus Photinia Prunus Pyracantha Pyrus Sorbus
Rutaceae: Citrus Phellodendron Tetradium
Salicaceae: Populus Salix
Sapindaceae: Acer Aesculus Koelreuteria Sapindus
Simaroubaceae: Ailanthus
Tamaricaceae: Tamarix
Taxaceae: Taxus
Ulmaceae: Ulmus Zelkova
"""

FAMILIES: dict[str, str] = {
    genus: family
    for family, _, genera in (line.partition(":") for line in _GENERA.split("\n") if line)
    for genus in genera.split()
}
