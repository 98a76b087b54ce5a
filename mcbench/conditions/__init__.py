"""The maps that models are shown: pose drawings, depth order, background flow, carried reference."""

from mcbench.conditions.bodies import body_mask, body_masks, union_mask
from mcbench.conditions.carry import Carrier
from mcbench.conditions.clip import ClipConditions, FrameMaps
from mcbench.conditions.depth_order import depth_order_map, depth_ranks
from mcbench.conditions.driving import DrivingPoses, driving_poses
from mcbench.conditions.flow import background_flow_map, flow_colours
from mcbench.conditions.skeleton import LIMBS, draw_poses, limb_colours
from mcbench.conditions.store import Condition, ConditionRecord, find_condition, kept_conditions

__all__ = [
    "LIMBS",
    "Carrier",
    "ClipConditions",
    "Condition",
    "ConditionRecord",
    "DrivingPoses",
    "FrameMaps",
    "background_flow_map",
    "body_mask",
    "body_masks",
    "depth_order_map",
    "depth_ranks",
    "draw_poses",
    "driving_poses",
    "find_condition",
    "flow_colours",
    "kept_conditions",
    "limb_colours",
    "union_mask",
]
