// Shared by several programs.
