"""Stands for ControlNeXt-SVD-v2/run_controlnext.py of ControlNeXt."""

import argparse
import os
import random

import stand_in

parser = argparse.ArgumentParser()
parser.add_argument("--pretrained_model_name_or_path", type=str, default=None, required=True)
parser.add_argument("--validation_control_images_folder", type=str, default=None)
parser.add_argument("--validation_control_video_path", type=str, default=None)
parser.add_argument("--output_dir", type=str, default=None, required=True)
parser.add_argument("--height", type=int, default=768)
parser.add_argument("--width", type=int, default=512)
parser.add_argument("--guidance_scale", type=float, default=2.0)
parser.add_argument("--num_inference_steps", type=int, default=25)
parser.add_argument("--controlnext_path", type=str, default=None, required=True)
parser.add_argument("--unet_path", type=str, default=None, required=True)
parser.add_argument("--max_frame_num", type=int, default=50)
parser.add_argument("--ref_image_path", type=str, default=None, required=True)
parser.add_argument("--batch_frames", type=int, default=14)
parser.add_argument("--overlap", type=int, default=4)
parser.add_argument("--sample_stride", type=int, default=2)
args = parser.parse_args()
assert (args.validation_control_images_folder is None) ^ (args.validation_control_video_path is None)
assert os.path.splitext(args.unet_path)[1] in (".bin", ".safetensors")
stand_in.existing(args.pretrained_model_name_or_path, args.controlnext_path, args.unet_path)
stand_in.existing("pretrained/DWPose/yolox_l.onnx", "pretrained/DWPose/dw-ll_ucoco_384.onnx")
stand_in.given({**vars(args), "drawn": random.random()})
os.makedirs(args.output_dir, exist_ok=True)
frames, rate = stand_in.read_video(args.validation_control_video_path)
reference = stand_in.picture(args.ref_image_path, (args.width, args.height))
drawn = [reference, *frames[:: args.sample_stride]]
drawn = drawn[: min(args.max_frame_num, len(drawn))]
assert args.batch_frames <= len(drawn)
stand_in.write_video(f"{args.output_dir}/test_1.mp4", drawn, rate // args.sample_stride)
stand_in.write_video(f"{args.output_dir}/output.mp4", drawn, rate // args.sample_stride)
