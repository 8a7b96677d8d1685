"""Simulated account traffic: deterministic, quick, with the proportions of a real platform."""

from streams.simulate.inputs import Simulated
from streams.simulate.people import PERSONAS, Persona
from streams.simulate.traffic import Simulation

__all__ = ["PERSONAS", "Persona", "Simulated", "Simulation"]
