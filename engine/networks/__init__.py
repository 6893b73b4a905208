"""The networks as the papers draw them, tensors in, tensors out; torch and diffusers, nothing else of the engine."""
