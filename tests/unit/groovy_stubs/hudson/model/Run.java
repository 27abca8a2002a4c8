package hudson.model;
public abstract class Run {}
