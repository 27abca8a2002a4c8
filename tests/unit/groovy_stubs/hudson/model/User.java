package hudson.model;
public class User {}
